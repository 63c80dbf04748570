// Opens an OCR request: checks its fields, unwraps its key and decrypts its image.
// Every mistake of the client ends in the ProviderError that the provider would return.
import type { KeyObject } from 'node:crypto';
import type { CipherSuite, PictureBounds } from '../config.ts';
import { consoleKey, decipher, unwrapKey } from './cipher.ts';
import { ProviderError } from './errors.ts';
import type { Form } from './form.ts';
import type { Side, Wishes } from './reply.ts';

export type Endpoint = 'idcard_enc' | 'idcard';

export interface OpenedRequest {
  picture: Buffer;
  wishes: Wishes;
  /** Encrypts the reply. Absent for an unencrypted request, whose reply is not encrypted either. */
  replyKey?: { key: Buffer; suite: CipherSuite };
}

export interface Opener {
  endpoint: Endpoint;
  /** The console key, if the credential has one. */
  aesKey: string | undefined;
  privateKey: KeyObject;
  suite: CipherSuite;
  bounds: PictureBounds;
}

/** The only suite of the endpoint `idcard`. */
const CONSOLE_SUITE: CipherSuite = { mode: 'ecb', iv: 'none' };

export function declaredSide(form: Form): Side | undefined {
  const side = form.text('id_card_side');
  return side === 'front' || side === 'back' ? side : undefined;
}

/** Throws ProviderError: 216101 missing field, 216100 unknown value, 216200 empty, 216202 too large, 216201 cannot be decrypted. */
export function openRequest(form: Form, opener: Opener): OpenedRequest {
  const enciphered = opener.endpoint === 'idcard_enc' || form.text('AESEncry') === 'true';
  const required = opener.endpoint === 'idcard_enc' ? ['image', 'enc_aes_key'] : ['image'];
  if (required.some((name) => !form.has(name))) throw new ProviderError(216101);
  const wishes = wishesOf(form);
  if (form.encodedBytes('image') === 0) throw new ProviderError(216200);
  if (form.encodedBytes('image') > opener.bounds.maxEncodedBytes) throw new ProviderError(216202);
  const sent = form.base64('image');
  if (!sent) throw new ProviderError(216201);
  if (!enciphered) return { picture: sent, wishes };
  const replyKey = keyOf(form, opener);
  const picture = replyKey && decipher(sent, replyKey.key, replyKey.suite);
  if (!picture) throw new ProviderError(216201);
  if (picture.length === 0) throw new ProviderError(216200);
  return { picture, wishes, replyKey };
}

function keyOf(form: Form, opener: Opener): { key: Buffer; suite: CipherSuite } | undefined {
  if (opener.endpoint === 'idcard_enc') {
    const key = unwrapKey(form.text('enc_aes_key'), opener.privateKey);
    return key && { key, suite: opener.suite };
  }
  return opener.aesKey === undefined ? undefined : { key: consoleKey(opener.aesKey), suite: CONSOLE_SUITE };
}

function wishesOf(form: Form): Wishes {
  if (!form.has('id_card_side')) throw new ProviderError(216101);
  const side = declaredSide(form);
  if (!side) throw new ProviderError(216100);
  const flag = (name: string): boolean => {
    const value = form.text(name);
    if (value !== '' && value !== 'true' && value !== 'false') throw new ProviderError(216100);
    return value === 'true';
  };
  return {
    side,
    risk: flag('detect_risk'),
    quality: flag('detect_quality'),
    photo: flag('detect_photo'),
    card: flag('detect_card'),
  };
}
