/**
 * Opens the `data.jwe` of an endpoint in mode `encrypted`, after its webhook was verified. Accepts the algorithms
 * that Cardseal encrypts with and no others, so that a sender cannot choose a weaker one.
 */
import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { compactDecrypt } from 'jose';

const KEY_WRAPPING = ['ECDH-ES+A256KW', 'RSA-OAEP-256'];
const CONTENT_ENCRYPTION = ['A256GCM'];

/**
 * The plaintext's parsed JSON.
 * @param jwe compact serialisation.
 * @param privateKey PEM (PKCS #8), a JWK, or a KeyObject.
 * @throws jose's `JOSEError` when it was not made for this key, was changed, or uses another algorithm; SyntaxError
 * when the plaintext is no JSON.
 */
export async function decryptPayload(jwe: string, privateKey: string | JsonWebKey | KeyObject): Promise<unknown> {
  const { plaintext } = await compactDecrypt(jwe, keyObject(privateKey), {
    keyManagementAlgorithms: KEY_WRAPPING,
    contentEncryptionAlgorithms: CONTENT_ENCRYPTION,
  });
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plaintext));
}

function keyObject(key: string | JsonWebKey | KeyObject): KeyObject {
  if (typeof key === 'string') return createPrivateKey(key);
  return 'kty' in key ? createPrivateKey({ key, format: 'jwk' }) : (key as KeyObject);
}
