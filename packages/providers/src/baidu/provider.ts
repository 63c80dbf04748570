/**
 * One credential of the worker: it seals an image, then calls. Repeats that the provider asks for (a new token,
 * a fresh key) happen here, each through the caller's hook, because every HTTP request costs a permit.
 */
import { asCardsealError, type CardsealError, DefectError, TransientError } from '@cardseal/base/errors';
import type { CallHooks, Provider } from '@cardseal/core/provider';
import { type CipherSuite, undecryptable } from './cipher-suite.ts';
import type { CallFields } from './classify.ts';
import { readEnvelope } from './envelope.ts';
import type { IdCardClient } from './id-card-client.ts';
import type { KeyWrapper } from './key-wrapper.ts';
import { aesSealer, encSealer, type ReplyEnvelope, type SealedRequest } from './request-sealer.ts';
import type { TokenSource } from './token-source.ts';

interface BaiduCredential {
  readonly id: string;
  readonly provider: 'baidu-idcard-enc' | 'baidu-idcard-aes';
  /** 16 hex characters; for `baidu-idcard-aes` only. */
  readonly aesKey?: string;
}

export interface BaiduProviderOptions {
  readonly credential: BaiduCredential;
  readonly suite?: CipherSuite;
  /** For `baidu-idcard-enc` only. */
  readonly keyWrapper?: KeyWrapper;
  readonly tokenSource: TokenSource;
  readonly client: IdCardClient;
  readonly limits?: { readonly maxEncodedBytes?: number };
}

const PATHS = {
  'baidu-idcard-enc': '/rest/2.0/ocr/v1/idcard_enc',
  'baidu-idcard-aes': '/rest/2.0/ocr/v1/idcard',
} as const;

/** How often each kind of failure is answered by an immediate repeat. */
const REPEATS = { token: 1, maybe_crypto: 1, crypto: 1 } as const;
type Repeatable = keyof typeof REPEATS;

export function createBaiduProvider(options: BaiduProviderOptions): Provider<SealedRequest> {
  const { credential, tokenSource, client } = options;
  const sealer = sealerFor(options);
  const path = PATHS[credential.provider];

  async function exchange(sealed: SealedRequest, token: string, signal: AbortSignal, hooks: CallHooks<SealedRequest>) {
    hooks.onSend?.();
    const response = await client.send({ path, token, body: sealed.body, signal });
    const reply = readEnvelope(response);
    const seen = { latencyMs: response.latencyMs, ...(reply.logId === undefined ? {} : { logId: reply.logId }) };
    return { plaintext: openReply(sealed, reply.fields, seen), ...seen, billed: 'yes' } as const;
  }

  return {
    id: credential.id,
    provider: credential.provider,
    // The key wrapper is shared by all credentials of `idcard_enc`; `idcard` uses the key of one application.
    bodyGroup: credential.provider === 'baidu-idcard-enc' ? credential.provider : credential.id,
    async seal(image, side, detect, signal) {
      await tokenSource.get(signal);
      return sealer.seal(image, side, detect, signal);
    },
    async call(first, signal, hooks) {
      const used = { token: 0, maybe_crypto: 0, crypto: 0 };
      let sealed = first;
      try {
        let token = await tokenSource.get(signal);
        for (;;) {
          try {
            return await exchange(sealed, token, signal, hooks);
          } catch (thrown) {
            if (signal.aborted) throw thrown;
            const error = asCardsealError(thrown, 'upstream_call_defect');
            const repeat = repeatFor(error, used, hooks);
            if (repeat === 'token') token = await tokenSource.renew(token, signal);
            else {
              sealed.destroy();
              sealed = await hooks.reseal!();
            }
            await hooks.onRepeat(error);
          }
        }
      } finally {
        sealed.destroy();
      }
    },
  };
}

/** Counts the repeat and names it, or throws the failure. */
function repeatFor(
  error: CardsealError,
  used: Record<Repeatable, number>,
  hooks: CallHooks<SealedRequest>,
): Repeatable {
  const kind = error.fields.upstreamClass as Repeatable;
  if (!Object.hasOwn(REPEATS, kind) || (kind !== 'token' && !hooks.reseal)) throw error;
  if (kind === 'crypto' && hooks.repeatsUndecryptable === false) throw error;
  if (used[kind] >= REPEATS[kind]) throw error;
  used[kind]++;
  return kind;
}

function sealerFor({ credential, suite, keyWrapper, limits }: BaiduProviderOptions) {
  const settings = { ...limits, ...(suite ? { suite } : {}) };
  if (credential.provider === 'baidu-idcard-enc') {
    if (!keyWrapper) throw new DefectError('key_wrapper_missing', { fields: { credentialId: credential.id } });
    return encSealer(keyWrapper, settings);
  }
  // The sibling's cipher is public and fixed: the configured suite is about `idcard_enc` alone.
  return aesSealer(credential.aesKey ?? '', { ...limits });
}

/** Decrypts, checks the syntax, and gives a failure the ids that the attempt's record needs. */
function openReply(sealed: SealedRequest, fields: ReplyEnvelope, seen: CallFields): Buffer {
  try {
    const plaintext = sealed.open(fields);
    checkSyntax(plaintext);
    return plaintext;
  } catch (error) {
    if (!(error instanceof TransientError)) throw error;
    throw new TransientError(error.code, { cause: error.cause, fields: { ...error.fields, ...seen } });
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A wrong key passes the padding check once in 256 times: what it gives is not JSON. */
function checkSyntax(plaintext: Buffer): void {
  try {
    const parsed: unknown = JSON.parse(utf8.decode(plaintext));
    if (typeof parsed === 'object' && parsed !== null) return;
  } catch {
    // The text may hold personal data, and V8 quotes it in its message: no cause.
  }
  throw undecryptable();
}
