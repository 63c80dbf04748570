/**
 * The port for the provider's white-box tool (AES key in, `enc_aes_key` out) and its two settings: RSA with a public
 * key, which the emulator unwraps, and a child process, which runs a vendor's tool. Never logs a key.
 */
import { constants, createPublicKey, publicEncrypt } from 'node:crypto';
import { DefectError } from '@cardseal/base/errors';

export interface KeyWrapper {
  /** @param key raw AES key, 16 or 32 bytes; not kept. @returns the text for the form field `enc_aes_key`. */
  wrap(key: Buffer, signal?: AbortSignal): Promise<string>;
  /** Bounded and idempotent; waiting calls fail with `key_wrapper_stopped`. */
  stop(): Promise<void>;
}

/** RSA-OAEP with SHA-256 over the raw key, base64. @throws DefectError `key_wrapper_public_key_invalid`. */
export function rsaKeyWrapper(pem: string | Buffer): KeyWrapper {
  const publicKey = readRsaPublicKey(pem);
  return {
    async wrap(key, signal) {
      signal?.throwIfAborted();
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      return publicEncrypt({ key: publicKey, padding, oaepHash: 'sha256' }, key).toString('base64');
    },
    async stop() {},
  };
}

function readRsaPublicKey(pem: string | Buffer) {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'rsa') throw new Error('not an RSA key');
    return key;
  } catch (cause) {
    throw new DefectError('key_wrapper_public_key_invalid', { cause });
  }
}

export type KeyWrapperSetting =
  | { readonly kind: 'rsa'; readonly file: string }
  | { readonly kind: 'command'; readonly command: string; readonly args: readonly string[] };

/**
 * Reads `rsa:<pem file>` or `command:<program> <argument>…`. A command is split at spaces, with '…' and "…" around
 * arguments that contain some, or is a JSON array. No shell runs, and nothing is expanded.
 * @throws DefectError `key_wrapper_setting_invalid`.
 */
export function parseKeyWrapperSetting(setting: string): KeyWrapperSetting {
  const colon = setting.indexOf(':');
  const kind = setting.slice(0, colon);
  const rest = setting.slice(colon + 1).trim();
  if (kind === 'rsa' && rest !== '') return { kind, file: rest };
  if (kind === 'command') {
    const [command, ...args] = rest.startsWith('[') ? jsonWords(rest) : quotedWords(rest);
    if (command) return { kind, command, args };
  }
  throw settingInvalid();
}

const settingInvalid = () => new DefectError('key_wrapper_setting_invalid');

function jsonWords(text: string): string[] {
  try {
    const words: unknown = JSON.parse(text);
    if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
  } catch {
    // Fall through: any parse failure means that the setting is invalid.
  }
  throw settingInvalid();
}

function quotedWords(text: string): string[] {
  const words: string[] = [];
  const word = /\s*((?:[^\s'"]|'[^']*'|"[^"]*")+)/y;
  while (word.lastIndex < text.length) {
    const found = word.exec(text);
    if (!found) throw settingInvalid();
    words.push(found[1]!.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double));
  }
  return words;
}
