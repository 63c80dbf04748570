/**
 * The root of the key tree behind one port: it wraps tenant keys and sees nothing else. A wrapped key starts with the
 * name of the key that wrapped it, so that several master keys can open while one wraps, and so that the keys of one
 * master can be counted without asking it.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { DefectError, ThrottledError } from '@cardseal/base/errors';
import { open, seal } from './envelope.ts';

/** The purpose of a wrapped key; it opens for no other. */
export interface KeyContext {
  tenant: string;
  /** For example `tenant-key.2`. */
  object: string;
}

/**
 * Throws ThrottledError `key_service_unavailable`, `key_service_denied` or `key_service_unknown_key` when a later call
 * may succeed, and DefectError `seal_broken` when none will. Waiting loses nothing.
 */
export interface MasterKey {
  /**
   * The name of the key that wraps now: `file:<fingerprint>` or `kms:<arn>`. Calls the service, so it also proves that
   * the service responds.
   */
  identify(): Promise<string>;
  /** A new 32-byte key, plain and wrapped. */
  make(context: KeyContext): Promise<{ key: Buffer; wrapped: Buffer }>;
  wrap(context: KeyContext, key: Buffer): Promise<Buffer>;
  unwrap(context: KeyContext, wrapped: Uint8Array): Promise<Buffer>;
}

export const MASTER_KEY_BYTES = 32;
const MARK = 0x4d;
/** For keys that were wrapped before master keys had names: an envelope of the key file. */
export const UNNAMED = 'file:unnamed';
const UNKNOWN_KEY_RETRY_MS = 5000;

/** Layout: mark (1) · length of the name (1) · name · the key as the master wrapped it. */
export function nameWrapped(name: string, payload: Uint8Array): Buffer {
  const bytes = Buffer.from(name);
  if (bytes.length > 255) throw new DefectError('master_key_name_too_long');
  return Buffer.concat([Buffer.of(MARK, bytes.length), bytes, payload]);
}

export function readWrapped(wrapped: Uint8Array): { name: string; payload: Buffer } {
  const bytes = Buffer.from(wrapped.buffer, wrapped.byteOffset, wrapped.byteLength);
  if (bytes[0] !== MARK) return { name: UNNAMED, payload: bytes };
  const end = 2 + (bytes[1] ?? 0);
  return { name: bytes.toString('utf8', 2, end), payload: bytes.subarray(end) };
}

/** Identifies a key of a key file without revealing anything about it. */
export function fingerprint(key: Uint8Array): string {
  return `file:${createHmac('sha256', key).update('cardseal master key').digest('hex').slice(0, 16)}`;
}

interface NamedKey {
  key: Buffer;
  name: string;
}

/**
 * Master keys of a key file: 32 bytes each, concatenated. The first one wraps, all open. They are in memory only
 * during one use and are then overwritten.
 * @param read runs at every use, which is rare, so that a changed file takes effect without a restart. The caller
 * overwrites the returned bytes.
 */
export function fileMasterKey(read: () => Uint8Array): MasterKey {
  async function withKeys<T>(use: (keys: [NamedKey, ...NamedKey[]]) => T): Promise<T> {
    const bytes = read();
    const keys = splitMasterKeys(bytes);
    try {
      return use(keys.map((key) => ({ key, name: fingerprint(key) })) as [NamedKey, ...NamedKey[]]);
    } finally {
      for (const one of [bytes, ...keys]) one.fill(0);
    }
  }
  const wrapUnder = ({ key, name }: NamedKey, context: KeyContext, plain: Buffer) =>
    nameWrapped(name, seal(key, sealContext(context), plain));
  return {
    identify: () => withKeys(([{ name }]) => name),
    async make(context) {
      const key = randomBytes(32);
      return { key, wrapped: await withKeys(([first]) => wrapUnder(first, context, key)) };
    },
    wrap: (context, key) => withKeys(([first]) => wrapUnder(first, context, key)),
    unwrap: (context, wrapped) =>
      withKeys((keys) => {
        const { name, payload } = readWrapped(wrapped);
        if (name === UNNAMED) return openUnnamed(keys, context, payload);
        const known = keys.find((one) => one.name === name);
        // Another process may have a newer key file that has not reached this one, or an operator removed the key too
        // early.
        if (!known) throw new ThrottledError('key_service_unknown_key', UNKNOWN_KEY_RETRY_MS, { fields: { name } });
        return open(known.key, sealContext(context), payload);
      }),
  };
}

/** Master keys in memory, in the format of a key file. */
export function localMasterKey(bytes: Buffer): MasterKey {
  assertMasterKeys(bytes);
  return fileMasterKey(() => Buffer.from(bytes));
}

/** Throws DefectError `master_key_not_32_bytes` unless the length is a multiple of 32 bytes. */
export function assertMasterKeys({ length }: Uint8Array): void {
  if (length === 0 || length % MASTER_KEY_BYTES !== 0) {
    throw new DefectError('master_key_not_32_bytes', { fields: { length } });
  }
}

/** Copies of the keys. Throws as `assertMasterKeys` does. */
export function splitMasterKeys(bytes: Uint8Array): Buffer[] {
  assertMasterKeys(bytes);
  const keys: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += MASTER_KEY_BYTES) {
    keys.push(Buffer.from(bytes.subarray(at, at + MASTER_KEY_BYTES)));
  }
  return keys;
}

/** One master key wraps. The others open keys that carry the name of their kind. */
export function withOlderMasters(wraps: MasterKey, opens: readonly { kind: string; master: MasterKey }[]): MasterKey {
  return {
    ...wraps,
    unwrap(context, wrapped) {
      const { name } = readWrapped(wrapped);
      const older = opens.find(({ kind }) => name.startsWith(`${kind}:`));
      return (older?.master ?? wraps).unwrap(context, wrapped);
    },
  };
}

function sealContext({ tenant, object }: KeyContext) {
  return { tenant, subject: object, kind: 'wrapped' };
}

function openUnnamed(keys: readonly { key: Buffer }[], { tenant }: KeyContext, payload: Buffer): Buffer {
  const context = { tenant, subject: 'tenant-key', kind: 'wrapped' };
  for (const { key } of keys) {
    try {
      return open(key, context, payload);
    } catch {
      // Perhaps another key of the file wrapped it: the commitment in the envelope shows that.
    }
  }
  throw new DefectError('seal_broken', { fields: { tenant } });
}
