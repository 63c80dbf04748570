/**
 * The sealed envelope around all personal data: AES-256-GCM with a key derived for this one object, a commitment to
 * that key, and length-prefixed associated data that binds the envelope to its place. No plaintext is returned before
 * the whole envelope is authenticated.
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
/** Every object has a separate key, so a constant nonce is safe. */
const NONCE = Buffer.alloc(12);
/** Encrypts in pieces that stay in the CPU cache while they are copied to the output. */
const PIECE_BYTES = 64 * 1024;

/** Bytes that sealing adds to a plaintext. */
export const ENVELOPE_OVERHEAD_BYTES = HEADER_BYTES + TAG_BYTES;

/** The place of an envelope; an envelope that was moved does not open. */
export interface SealContext {
  tenant: string;
  /** A job id, or the id of another sealed subject. */
  subject: string;
  /** The kind of object: `request`, `front.image`, `outcome.1`, … */
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
    // Returns no bytes, but throws when anything was changed: the plaintext may leave only after this call.
    decipher.final();
    return plaintext;
  } catch (cause) {
    throw broken(context, cause);
  }
}

/**
 * One pseudo-random function whose output is split in two: finding two keys for one envelope means breaking SHA-512.
 * Keys are passed as key objects, because `node:crypto` takes three times as long with a buffer.
 */
function derive(key: Buffer, salt: Uint8Array): { key: KeyObject; commitment: Buffer } {
  const material = createHmac('sha512', createSecretKey(key)).update('cardseal envelope v1').update(salt).digest();
  return { key: createSecretKey(material.subarray(0, 32)), commitment: material.subarray(32) };
}

/** Each part follows its length, so that no boundary can be shifted. */
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
