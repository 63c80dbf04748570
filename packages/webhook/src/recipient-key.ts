/**
 * Checks the public key of a consumer, to which Cardseal encrypts payloads. A key that passes here encrypts; a weak, secret
 * or unknown one is refused at registration and never stored.
 */
import { createPublicKey, diffieHellman, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { RejectedError } from '@cardseal/base/errors';

export type KeyWrapping = 'ECDH-ES+A256KW' | 'RSA-OAEP-256';

export interface RecipientKey {
  alg: KeyWrapping;
  key: KeyObject;
  /** Public members only, the form to store. */
  jwk: JsonWebKey;
  /** As the consumer's JWK named it. */
  kid?: string;
}

export type PublicKeyProblem = 'format' | 'private' | 'type' | 'curve' | 'too_short' | 'too_long' | 'exponent' | 'use';

const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const MIN_RSA_BITS = 2048;
/** Longer ones cost a worker more per event than they protect. */
const MAX_RSA_BITS = 8192;
const MIN_EXPONENT = 65_537n;
const MAX_EXPONENT = 2n ** 32n;
const MAX_TEXT_LENGTH = 16_384;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const ENCRYPTING_OPS: ReadonlySet<unknown> = new Set(['encrypt', 'wrapKey', 'deriveKey', 'deriveBits']);

/**
 * @param input a JWK object, or text: a JWK as JSON or PEM (SPKI).
 * @throws RejectedError `public_key_invalid`; `fields.problem` says which rule, without the key.
 */
export function validateRecipientKey(input: unknown): RecipientKey {
  const source = readSource(input);
  const key = typeof source === 'string' ? fromPem(source) : fromJwk(source);
  const alg = wrappingFor(key);
  if (typeof source === 'string') return { alg, key, jwk: key.export({ format: 'jwk' }) };
  if (source.alg !== undefined && source.alg !== alg) throw invalid('use');
  const kid = typeof source.kid === 'string' && /^[\x20-\x7e]{1,128}$/.test(source.kid) ? source.kid : undefined;
  return { alg, key, jwk: key.export({ format: 'jwk' }), ...(kid !== undefined && { kid }) };
}

function readSource(input: unknown): string | JsonWebKey {
  if (typeof input === 'string') {
    if (input.length > MAX_TEXT_LENGTH) throw invalid('too_long');
    if (!input.trimStart().startsWith('{')) return input.trim();
    try {
      return readSource(JSON.parse(input));
    } catch (error) {
      throw error instanceof RejectedError ? error : invalid('format');
    }
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw invalid('format');
  return input as JsonWebKey;
}

function fromPem(pem: string): KeyObject {
  // createPublicKey would take a private key as well, and quietly derive the public one.
  if (/PRIVATE KEY/.test(pem)) throw invalid('private');
  if (!/^-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----$/.test(pem)) throw invalid('format');
  return construct(() => createPublicKey({ key: pem, format: 'pem', type: 'spki' }));
}

function fromJwk(jwk: JsonWebKey): KeyObject {
  if (PRIVATE_MEMBERS.some((member) => member in jwk)) throw invalid('private');
  if (jwk.kty !== 'RSA' && jwk.kty !== 'EC' && jwk.kty !== 'OKP') throw invalid('type');
  if (jwk.use !== undefined && jwk.use !== 'enc') throw invalid('use');
  const ops: unknown = jwk.key_ops;
  if (ops !== undefined && !(Array.isArray(ops) && (ops.length === 0 || ops.some((op) => ENCRYPTING_OPS.has(op))))) {
    throw invalid('use');
  }
  return construct(() => createPublicKey({ key: jwk, format: 'jwk' }));
}

function construct(make: () => KeyObject): KeyObject {
  try {
    return make();
  } catch {
    // The cause is dropped: OpenSSL's text may quote what was sent.
    throw invalid('format');
  }
}

function wrappingFor(key: KeyObject): KeyWrapping {
  if (key.asymmetricKeyType === 'rsa') return checkRsa(key);
  if (key.asymmetricKeyType === 'x25519') return checkX25519(key);
  if (key.asymmetricKeyType !== 'ec') throw invalid('type');
  if (!CURVES.has(key.asymmetricKeyDetails?.namedCurve ?? '')) throw invalid('curve');
  return 'ECDH-ES+A256KW';
}

function checkRsa(key: KeyObject): KeyWrapping {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < MIN_RSA_BITS) throw invalid('too_short');
  if (modulusLength > MAX_RSA_BITS) throw invalid('too_long');
  if (publicExponent < MIN_EXPONENT || publicExponent > MAX_EXPONENT || publicExponent % 2n === 0n) {
    throw invalid('exponent');
  }
  return 'RSA-OAEP-256';
}

/** A point of low order gives everyone the same shared secret; OpenSSL says so only when it derives. */
function checkX25519(key: KeyObject): KeyWrapping {
  const { privateKey } = generateKeyPairSync('x25519');
  try {
    diffieHellman({ privateKey, publicKey: key });
  } catch {
    throw invalid('curve');
  }
  return 'ECDH-ES+A256KW';
}

function invalid(problem: PublicKeyProblem): RejectedError {
  return new RejectedError('public_key_invalid', { fields: { problem } });
}
