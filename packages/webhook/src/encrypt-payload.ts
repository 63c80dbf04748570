/**
 * Encrypts a webhook's plaintext to the consumer's public key, once, when the event is frozen: the result differs on
 * every call, so it is stored and never made again for a further try. Encrypted first, signed afterwards.
 */
import { CompactEncrypt } from 'jose';
import { validateRecipientKey } from './recipient-key.ts';

export interface EncryptInput {
  /** JWK or PEM (SPKI), checked again on every call. */
  publicKey: unknown;
  /** UTF-8 JSON. Event and endpoint ids belong inside, so that no JWE can be moved to another event. */
  plaintext: Buffer;
  /** Named in the header, so that the consumer finds the private key; the JWK's own unless given. */
  kid?: string;
}

/**
 * A compact JWE: ECDH-ES+A256KW (P-256, P-384, P-521, X25519) or RSA-OAEP-256, content A256GCM.
 * @throws RejectedError `public_key_invalid`.
 */
export async function encryptPayload({ publicKey, plaintext, kid }: EncryptInput): Promise<string> {
  const recipient = validateRecipientKey(publicKey);
  const named = kid ?? recipient.kid;
  return await new CompactEncrypt(plaintext)
    .setProtectedHeader({
      alg: recipient.alg,
      enc: 'A256GCM',
      cty: 'application/json',
      ...(named !== undefined && { kid: named }),
    })
    .encrypt(recipient.key);
}
