/**
 * The root of the key tree behind one port: it wraps tenant keys and sees nothing else. A wrapped key begins with the
 * name of what wrapped it, so that several masters may open while one wraps, and so that what a master still wraps can
 * be counted without asking it.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { DefectError, ThrottledError } from '@cardseal/base/errors';
import { open, seal } from './envelope.ts';

/** What a wrapped key is for; it opens nowhere else. */
export interface KeyContext {
  tenant: string;
  /** Such as `tenant-key.2`. */
  object: string;
}

/**
 * Throws ThrottledError `key_service_unavailable`, `key_service_denied` or `key_service_unknown_key` while it cannot be
 * done and may be later (nothing is lost by waiting), DefectError `seal_broken` when it never will be.
 */
export interface MasterKey {
  /** The name of the key that wraps now: `file:<fingerprint>` or `kms:<arn>`. Asks the service, and so shows that it answers. */
  identify(): Promise<string>;
  /** A new 32-byte key, plain and wrapped. */
  make(context: KeyContext): Promise<{ key: Buffer; wrapped: Buffer }>;
  wrap(context: KeyContext, key: Buffer): Promise<Buffer>;
  unwrap(context: KeyContext, wrapped: Uint8Array): Promise<Buffer>;
}

export const MASTER_KEY_BYTES = 32;
const MARK = 0x4d;
/** What was wrapped before masters had names: an envelope of the key file. */
export const UNNAMED = 'file:unnamed';
const UNKNOWN_KEY_RETRY_MS = 5000;

/** Layout: mark (1) · length of the name (1) · name · what the master made of the key. */
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

/** What tells a key of a key file from others without saying anything about it. */
export function fingerprint(key: Uint8Array): string {
  return `file:${createHmac('sha256', key).update('cardseal master key').digest('hex').slice(0, 16)}`;
}

interface NamedKey {
  key: Buffer;
  name: string;
}

/**
 * Master keys of a key file: 32 bytes each, one after the other. The first wraps, all open. They are in memory for the
 * length of one use, and are then overwritten.
 * @param read runs at every use, which is seldom, so that a changed file takes effect without a restart. The bytes that
 * it returns are overwritten.
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
        // Another process may have a newer key file that has not arrived here, or an operator removed the key too early.
        if (!known) throw new ThrottledError('key_service_unknown_key', UNKNOWN_KEY_RETRY_MS, { fields: { name } });
        return open(known.key, sealContext(context), payload);
      }),
  };
}

/** Master keys that lie in memory, as in a key file. */
export function localMasterKey(bytes: Buffer): MasterKey {
  assertMasterKeys(bytes);
  return fileMasterKey(() => Buffer.from(bytes));
}

/** Throws DefectError `master_key_not_32_bytes`, for any number of keys that are not whole. */
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

/** One master wraps, and others open what is named after their kind. */
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
      // Another key of the file, perhaps: the commitment in the envelope tells.
    }
  }
  throw new DefectError('seal_broken', { fields: { tenant } });
}
