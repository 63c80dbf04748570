/** The root of the key tree behind one port: it wraps tenant keys and sees nothing else. */
import { DefectError } from '../errors/index.ts';
import { open, seal } from './envelope.ts';

export interface MasterKey {
  /** Wraps a 32-byte tenant key. */
  wrap(tenant: string, key: Buffer): Promise<Buffer>;
  /** Throws DefectError `seal_broken` when it was wrapped by another master key. */
  unwrap(tenant: string, wrapped: Uint8Array): Promise<Buffer>;
}

/** A master key that lies in memory; `bytes` is the content of the key file, exactly 32 bytes. */
export function localMasterKey(bytes: Buffer): MasterKey {
  if (bytes.length !== 32) throw new DefectError('master_key_not_32_bytes', { fields: { length: bytes.length } });
  const context = (tenant: string) => ({ tenant, subject: 'tenant-key', kind: 'wrapped' });
  return {
    wrap: async (tenant, key) => seal(bytes, context(tenant), key),
    unwrap: async (tenant, wrapped) => open(bytes, context(tenant), wrapped),
  };
}
