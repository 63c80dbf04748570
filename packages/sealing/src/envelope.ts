/**
 * The sealed envelope around every personal byte: AES-256-GCM under a key derived for this one object, with a
 * commitment to that key, bound to its place by length-prefixed associated data. Nothing is released before the
 * whole envelope has been authenticated.
 *
 * Layout: format (1) · salt (16) · key commitment (32) · ciphertext · tag (16).
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { DefectError } from '@cardseal/base/errors';

const FORMAT_AES_256_GCM_V1 = 0x01;
const SALT_BYTES = 16;
const COMMITMENT_BYTES = 32;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + SALT_BYTES + COMMITMENT_BYTES;
/** Every object has a key of its own, so that its one nonce may be fixed. */
const NONCE = Buffer.alloc(12);
/** Ciphered in pieces that stay in the processor's cache while they are copied to their place. */
const PIECE_BYTES = 64 * 1024;

/** Bytes that sealing adds to a plaintext. */
export const ENVELOPE_OVERHEAD_BYTES = HEADER_BYTES + TAG_BYTES;

/** Where an envelope belongs; one that is moved elsewhere does not open. */
export interface SealContext {
  tenant: string;
  /** A job id, or the id of whatever else is sealed. */
  subject: string;
  /** What it is: `request`, `front.image`, `outcome.1`, … */
  kind: string;
}

/** @param key 32 bytes. */
export function seal(key: Buffer, context: SealContext, plaintext: Uint8Array): Buffer {
  const envelope = Buffer.allocUnsafe(plaintext.length + ENVELOPE_OVERHEAD_BYTES);
  const salt = randomBytes(SALT_BYTES);
  const derived = derive(key, salt);
  envelope[0] = FORMAT_AES_256_GCM_V1;
  salt.copy(envelope, 1);
  derived.commitment.copy(envelope, 1 + SALT_BYTES);
  const cipher = createCipheriv('aes-256-gcm', derived.key, NONCE, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData(context));
  for (let at = 0; at < plaintext.length; at += PIECE_BYTES) {
    cipher.update(plaintext.subarray(at, at + PIECE_BYTES)).copy(envelope, HEADER_BYTES + at);
  }
  cipher.final();
  cipher.getAuthTag().copy(envelope, envelope.length - TAG_BYTES);
  return envelope;
}

/** Throws DefectError `seal_broken` (damaged, moved, or another key) or `seal_unknown_format`. */
export function open(key: Buffer, context: SealContext, envelope: Uint8Array): Buffer {
  const bytes = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.byteLength);
  if (bytes.length < ENVELOPE_OVERHEAD_BYTES) throw broken(context);
  if (bytes[0] !== FORMAT_AES_256_GCM_V1) throw new DefectError('seal_unknown_format', { fields: { ...context } });
  const derived = derive(key, bytes.subarray(1, 1 + SALT_BYTES));
  if (!timingSafeEqual(derived.commitment, bytes.subarray(1 + SALT_BYTES, HEADER_BYTES))) throw broken(context);
  const decipher = createDecipheriv('aes-256-gcm', derived.key, NONCE, { authTagLength: TAG_BYTES });
  decipher.setAAD(associatedData(context));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const plaintext = decipher.update(bytes.subarray(HEADER_BYTES, -TAG_BYTES));
    // Adds no byte, but throws when anything was changed: only behind it may the plaintext leave.
    decipher.final();
    return plaintext;
  } catch (cause) {
    throw broken(context, cause);
  }
}

/**
 * One pseudo-random function, cut in two: whoever finds two keys for one envelope has broken SHA-512. Keys are handed
 * over as key objects, because `node:crypto` takes three times as long to make one of a buffer by itself.
 */
function derive(key: Buffer, salt: Uint8Array): { key: KeyObject; commitment: Buffer } {
  const material = createHmac('sha512', createSecretKey(key)).update('cardseal envelope v1').update(salt).digest();
  return { key: createSecretKey(material.subarray(0, 32)), commitment: material.subarray(32) };
}

/** Each part behind its length, so that no border can be moved. */
function associatedData({ tenant, subject, kind }: SealContext): Buffer {
  const parts = ['cardseal', tenant, subject, kind, 'v1'];
  const data = Buffer.allocUnsafe(parts.reduce((sum, part) => sum + 4 + Buffer.byteLength(part), 0));
  let at = 0;
  for (const part of parts) {
    const length = data.write(part, at + 4);
    data.writeUInt32BE(length, at);
    at += 4 + length;
  }
  return data;
}

function broken(context: SealContext, cause?: unknown): DefectError {
  return new DefectError('seal_broken', { cause, fields: { ...context } });
}
