/**
 * The master key in a KMS: it never leaves there. Tenant and purpose go along as encryption context, so that the
 * service itself refuses a key that is asked for under another tenant's name, and its log says whose it was.
 */
import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  type KMSClientConfig,
} from '@aws-sdk/client-kms';
import { type CardsealError, DefectError, ThrottledError } from '../errors/index.ts';
import { type KeyContext, type MasterKey, nameWrapped, readWrapped } from './master-key.ts';

export interface KmsSettings {
  /** Id, alias or ARN of the key that wraps. */
  keyId: string;
  region: string;
  endpoint?: string | undefined;
  /** AWS's own chain unless given. */
  credentials?: { accessKeyId: string; secretAccessKey: string } | undefined;
  /** Over all tries of one operation. */
  deadlineMs?: number;
}

const KIND = 'kms:';
const UNAVAILABLE_RETRY_MS = 5000;
const DENIED_RETRY_MS = 15_000;

/** Until somebody gives back the permission or the key. Everything that is not named may pass by itself. */
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

export function kmsMasterKey({ keyId, deadlineMs = 4000, ...settings }: KmsSettings): MasterKey {
  const client = new KMSClient(clientConfig(settings));

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

    unwrap: (context, wrapped) =>
      ask(async (abortSignal) => {
        const { name, payload } = readWrapped(wrapped);
        if (!name.startsWith(KIND)) throw new ThrottledError('key_service_unknown_key', DENIED_RETRY_MS);
        const input = {
          KeyId: name.slice(KIND.length),
          CiphertextBlob: payload,
          EncryptionContext: encryptionContext(context),
        };
        return plain((await client.send(new DecryptCommand(input), { abortSignal })).Plaintext);
      }),
  };
}

function clientConfig({ region, endpoint, credentials }: Omit<KmsSettings, 'keyId' | 'deadlineMs'>): KMSClientConfig {
  return {
    region,
    ...(endpoint ? { endpoint } : {}),
    ...(credentials ? { credentials } : {}),
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1500, requestTimeout: 2000 },
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

/** A copy that may be overwritten, and a key of ours: anything but 32 bytes was never made here. */
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
