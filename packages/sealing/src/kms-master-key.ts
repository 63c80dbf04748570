/**
 * The master key in a KMS, which it never leaves. Tenant and purpose are sent as the encryption context: the service
 * itself refuses a key that is requested for another tenant, and its log shows the tenant.
 */
import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  type KMSClientConfig,
} from '@aws-sdk/client-kms';
import { awsEndpoint, nodeAgents, noProxy, type ProxyFor } from '@cardseal/base/egress';
import { type CardsealError, DefectError, ThrottledError } from '@cardseal/base/errors';
import { type KeyContext, type MasterKey, nameWrapped, readWrapped } from './master-key.ts';

export interface KmsSettings {
  /** Ids, aliases or ARNs: the first one wraps, all of them unwrap, and no other key does. */
  keyIds: readonly [string, ...string[]];
  region: string;
  endpoint?: string | undefined;
  /** Default: AWS's own chain. */
  credentials?: { accessKeyId: string; secretAccessKey: string } | undefined;
  /** Chooses the proxy to the key service; default: none. */
  proxyFor?: ProxyFor;
  /** For all attempts of one operation together. */
  deadlineMs?: number;
}

const KIND = 'kms:';
/** The SDK's own default. */
const MAX_SOCKETS = 50;
const UNAVAILABLE_RETRY_MS = 5000;
const DENIED_RETRY_MS = 15_000;

/** Errors that last until an operator restores the permission or the key. All other errors may pass by themselves. */
const DENIED = new Set([
  'AccessDeniedException',
  'DisabledException',
  'KMSInvalidStateException',
  'NotFoundException',
  'KeyUnavailableException',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'IncompleteSignatureException',
  'ExpiredTokenException',
]);
const BROKEN = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);

export function kmsMasterKey({ keyIds, deadlineMs = 4000, ...settings }: KmsSettings): MasterKey {
  const client = new KMSClient(clientConfig(settings));
  const [keyId] = keyIds;

  async function ask<T>(work: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await work(AbortSignal.timeout(deadlineMs));
    } catch (error) {
      throw classify(error);
    }
  }
  const encrypt = async (context: Record<string, string>, Plaintext: Uint8Array) =>
    ask(async (abortSignal) => {
      const input = { KeyId: keyId, Plaintext, EncryptionContext: context };
      return whole(await client.send(new EncryptCommand(input), { abortSignal }));
    });

  return {
    identify: async () => KIND + (await encrypt({ product: 'cardseal', object: 'probe' }, Buffer.alloc(1))).KeyId,

    make: (context) =>
      ask(async (abortSignal) => {
        const input = { KeyId: keyId, KeySpec: 'AES_256' as const, EncryptionContext: encryptionContext(context) };
        const answer = whole(await client.send(new GenerateDataKeyCommand(input), { abortSignal }));
        return { key: plain(answer.Plaintext), wrapped: nameWrapped(KIND + answer.KeyId, answer.CiphertextBlob) };
      }),

    async wrap(context, key) {
      const { KeyId, CiphertextBlob } = await encrypt(encryptionContext(context), key);
      return nameWrapped(KIND + KeyId, CiphertextBlob);
    },

    /**
     * The name in the wrapped key only chooses among the configured keys. An attacker who can write to the bucket of keys
     * could name a KMS key of another account.
     */
    async unwrap(context, wrapped) {
      const { name, payload } = readWrapped(wrapped);
      let refusal: CardsealError = unknownKey(name);
      for (const KeyId of name.startsWith(KIND) ? configuredFor(name.slice(KIND.length), keyIds) : []) {
        const input = { KeyId, CiphertextBlob: payload, EncryptionContext: encryptionContext(context) };
        const answer = await ask((abortSignal) => client.send(new DecryptCommand(input), { abortSignal })).catch(
          (error: CardsealError) => {
            // Another alias may point to the key: try it before this refusal counts.
            if (!isAlias(KeyId) || !(isOtherKey(error) || error.code === 'key_service_denied')) throw error;
            if (!isOtherKey(error)) refusal = error;
            return null;
          },
        );
        if (answer) return plain(answer.Plaintext);
      }
      throw refusal;
    },
  };
}

/** The configured key with this ARN. Otherwise the aliases, because only the service knows which key they point to. */
function configuredFor(arn: string, keyIds: readonly string[]): readonly string[] {
  const named = keyIds.find((id) => id === arn || arn.endsWith(`:key/${id}`));
  return named === undefined ? keyIds.filter(isAlias) : [named];
}

function isAlias(id: string): boolean {
  return id.startsWith('alias/') || /^arn:[^:]+:kms:[^:]*:[^:]*:alias\//.test(id);
}

function isOtherKey({ cause }: { cause?: unknown }): boolean {
  return cause instanceof Error && cause.name === 'IncorrectKeyException';
}

/** Another process may have this key configured, so the work waits. The log shows the name to an operator. */
function unknownKey(name: string): ThrottledError {
  return new ThrottledError('key_service_unknown_key', DENIED_RETRY_MS, { fields: { name } });
}

function clientConfig({
  region,
  endpoint,
  credentials,
  proxyFor = noProxy,
}: Omit<KmsSettings, 'keyIds' | 'deadlineMs'>): KMSClientConfig {
  return {
    region,
    ...(endpoint ? { endpoint } : {}),
    ...(credentials ? { credentials } : {}),
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: 1500,
      requestTimeout: 2000,
      ...nodeAgents(proxyFor, endpoint ?? awsEndpoint('kms', region), MAX_SOCKETS),
    },
  };
}

function encryptionContext({ tenant, object }: KeyContext): Record<string, string> {
  return { product: 'cardseal', tenant, object };
}

function whole<T extends { KeyId?: string | undefined; CiphertextBlob?: Uint8Array | undefined }>(answer: T) {
  const { KeyId, CiphertextBlob } = answer;
  if (!KeyId || !CiphertextBlob) throw new ThrottledError('key_service_unavailable', UNAVAILABLE_RETRY_MS);
  return { ...answer, KeyId, CiphertextBlob };
}

/** A copy that may be overwritten. A key that is not 32 bytes long was never created here. */
function plain(bytes: Uint8Array | undefined): Buffer {
  if (bytes?.length !== 32) throw new DefectError('seal_broken');
  const key = Buffer.from(bytes);
  bytes.fill(0);
  return key;
}

function classify(error: unknown): CardsealError {
  if (error instanceof ThrottledError || error instanceof DefectError) return error;
  const name = error instanceof Error ? error.name : '';
  if (BROKEN.has(name)) return new DefectError('seal_broken', { cause: error });
  if (DENIED.has(name)) return new ThrottledError('key_service_denied', DENIED_RETRY_MS, { cause: error });
  return new ThrottledError('key_service_unavailable', UNAVAILABLE_RETRY_MS, { cause: error });
}
