/**
 * The port between an image and the wire: image in, finished form body out, with the one function that can open
 * the reply. The key lives in that closure alone and must never leave it, be logged, or outlive the call.
 *
 * A provider that encrypts its whole JSON body (Tencent: `EncryptedBody` with `Encryption{CiphertextBlob, Iv, TagList}`)
 * fits: its sealer builds that JSON as `body`, and `open` gets the whole parsed envelope, so it finds Iv and tags there.
 */
import { randomBytes } from 'node:crypto';
import { DefectError, RejectedError } from '@cardseal/base/errors';
import type { Side } from '@cardseal/core/job';
import type { DetectOptions, PreparedCall } from '@cardseal/core/provider';
import { type CipherSuite, checkCipherSuite, createEncryptor, DEFAULT_CIPHER_SUITE, decrypt } from './cipher-suite.ts';
import { classifyTransport } from './classify.ts';
import { createFormValueWriter, leastEncodedLength, PIECE_BYTES } from './form-encoder.ts';
import type { KeyWrapper } from './key-wrapper.ts';

/** The parsed reply envelope, members as they came. */
export type ReplyEnvelope = Readonly<Record<string, unknown>>;

export interface SealedRequest extends PreparedCall {
  /** The complete `application/x-www-form-urlencoded` body. */
  readonly body: Buffer;
  /** Length in bytes of the image's value after base64 and urlencoding: the provider limits this length. */
  readonly encodedImageBytes: number;
  /** Decrypts the reply. @throws TransientError of class `crypto`; DefectError after `destroy`. */
  open(reply: ReplyEnvelope): Buffer;
  /** Zeroes the key. Idempotent. */
  destroy(): void;
}

export interface RequestSealer {
  /**
   * @param image the image's bytes, as the provider receives them.
   * @throws RejectedError `image_too_large` before anything is sent; what the key wrapper throws.
   */
  seal(image: Uint8Array, side: Side, options: DetectOptions, signal?: AbortSignal): Promise<SealedRequest>;
}

export interface SealerSettings {
  readonly suite?: CipherSuite;
  /** Limit of base64 + urlencoding, in bytes. The provider says "4 M": the stricter reading is the default. */
  readonly maxEncodedBytes?: number;
}

const DEFAULT_MAX_ENCODED_BYTES = 4_000_000;

/** `idcard_enc`: a fresh AES key for every request, wrapped by the provider's tool. */
export function encSealer(keyWrapper: KeyWrapper, settings: SealerSettings = {}): RequestSealer {
  const { suite, maxEncodedBytes } = withDefaults(settings);
  return {
    async seal(image, side, options, signal) {
      refuseTooLarge(leastEncodedLength(image.length), maxEncodedBytes);
      const key = randomBytes(suite.keyBits / 8);
      try {
        const wrapped = await keyWrapper.wrap(key, signal);
        const head = `${formFields(side, options)}&enc_aes_key=${encodeURIComponent(wrapped)}`;
        return sealWith(suite, key, image, head, maxEncodedBytes);
      } catch (error) {
        key.fill(0);
        throw error;
      }
    },
  };
}

/** Plain `idcard` with `AESEncry=true`: the application's fixed key, 16 hex characters from the console. */
export function aesSealer(aesKey: string, settings: SealerSettings = {}): RequestSealer {
  const { suite, maxEncodedBytes } = withDefaults(settings);
  consoleKey(aesKey).fill(0);
  return {
    async seal(image, side, options) {
      refuseTooLarge(leastEncodedLength(image.length), maxEncodedBytes);
      const key = consoleKey(aesKey);
      try {
        return sealWith(suite, key, image, `${formFields(side, options)}&AESEncry=true`, maxEncodedBytes);
      } catch (error) {
        key.fill(0);
        throw error;
      }
    },
  };
}

/**
 * The console's key as the provider reads it: each hex *character* is one byte 0…15, neither hex-decoded nor ASCII.
 * @throws DefectError `aes_key_invalid` (the key itself is not in the error).
 */
export function consoleKey(hex: string): Buffer {
  if (!/^[0-9a-fA-F]{16}$/.test(hex)) throw new DefectError('aes_key_invalid');
  return Buffer.from(Array.from(hex, (character) => Number.parseInt(character, 16)));
}

function withDefaults({ suite, maxEncodedBytes }: SealerSettings) {
  return {
    suite: checkCipherSuite(suite ?? DEFAULT_CIPHER_SUITE),
    maxEncodedBytes: maxEncodedBytes ?? DEFAULT_MAX_ENCODED_BYTES,
  };
}

function formFields(side: Side, options: DetectOptions): string {
  const fields = [`id_card_side=${side}`];
  for (const name of ['detect_risk', 'detect_quality', 'detect_photo', 'detect_card'] as const) {
    if (options[name]) fields.push(`${name}=true`);
  }
  return fields.join('&');
}

/** Ciphers and encodes piece by piece: besides the image only the body is ever whole in memory. */
function sealWith(suite: CipherSuite, key: Buffer, image: Uint8Array, head: string, maxBytes: number): SealedRequest {
  const encryptor = createEncryptor(suite, key);
  const overhead = encryptor.prefix.length + 32;
  const writer = createFormValueWriter(`${head}&image=`, image.length + overhead);
  writer.write(encryptor.prefix);
  for (let at = 0; at < image.length; at += PIECE_BYTES) {
    writer.write(encryptor.update(image.subarray(at, at + PIECE_BYTES)));
    refuseTooLarge(writer.encodedBytes(), maxBytes);
  }
  writer.write(encryptor.final());
  const body = writer.finish();
  refuseTooLarge(writer.encodedBytes(), maxBytes);
  return sealedRequest(suite, key, body, writer.encodedBytes());
}

function sealedRequest(suite: CipherSuite, key: Buffer, body: Buffer, encodedImageBytes: number): SealedRequest {
  let destroyed = false;
  return {
    body,
    encodedImageBytes,
    open(reply) {
      if (destroyed) throw new DefectError('sealed_request_destroyed');
      const field = reply[suite.replyField];
      if (typeof field !== 'string' || field === '') throw classifyTransport('incomplete');
      return decrypt(suite, key, Buffer.from(field, 'base64'));
    },
    destroy() {
      destroyed = true;
      key.fill(0);
    },
  };
}

function refuseTooLarge(encodedBytes: number, maxEncodedBytes: number): void {
  if (encodedBytes <= maxEncodedBytes) return;
  throw new RejectedError('image_too_large', {
    fields: { upstreamClass: 'rejected', billed: 'no', encodedBytes, maxEncodedBytes },
  });
}
