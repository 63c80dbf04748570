import { type AsymmetricKeyDetails, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { compactDecrypt, decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { encryptPayload } from './encrypt-payload.ts';
import { validateRecipientKey } from './recipient-key.ts';

type Pair = { publicKey: KeyObject; privateKey: KeyObject };
const ec = (namedCurve: string): Pair => generateKeyPairSync('ec', { namedCurve });
const rsa = (bits: number, publicExponent = 65_537): Pair =>
  generateKeyPairSync('rsa', { modulusLength: bits, publicExponent });
const rsa2048 = rsa(2048);
const p256 = ec('P-256');
const pem = (key: KeyObject, type: 'spki' | 'pkcs8') => key.export({ format: 'pem', type }) as string;
const jwk = (key: KeyObject) => key.export({ format: 'jwk' });

const accepted: [string, Pair, string][] = [
  ['P-256', p256, 'ECDH-ES+A256KW'],
  ['P-384', ec('P-384'), 'ECDH-ES+A256KW'],
  ['P-521', ec('P-521'), 'ECDH-ES+A256KW'],
  ['X25519', generateKeyPairSync('x25519'), 'ECDH-ES+A256KW'],
  ['RSA 2048', rsa2048, 'RSA-OAEP-256'],
];

describe('encryptPayload', () => {
  it.each(accepted)('%s: only the private key opens it, from JWK and PEM', async (_name, pair, alg) => {
    const plaintext = Buffer.from('{"name":"测试"}');
    for (const publicKey of [jwk(pair.publicKey), JSON.stringify(jwk(pair.publicKey)), pem(pair.publicKey, 'spki')]) {
      const jwe = await encryptPayload({ publicKey, plaintext, kid: 'k1' });
      expect(decodeProtectedHeader(jwe)).toMatchObject({ alg, enc: 'A256GCM', kid: 'k1' });
      expect(jwe).not.toContain(plaintext.toString('base64url').slice(0, 8));
      expect(Buffer.from((await compactDecrypt(jwe, pair.privateKey)).plaintext)).toEqual(plaintext);
    }
  });

  it("names the JWK's own key id, and never makes the same bytes twice", async () => {
    const publicKey = { ...jwk(p256.publicKey), kid: 'theirs', use: 'enc', alg: 'ECDH-ES+A256KW' };
    const [a, b] = await Promise.all([1, 2].map(() => encryptPayload({ publicKey, plaintext: Buffer.from('{}') })));
    expect(decodeProtectedHeader(a as string).kid).toBe('theirs');
    expect(a).not.toBe(b);
  });
});

describe('validateRecipientKey', () => {
  const refused: [string, unknown, string][] = [
    ['RSA 1024', jwk(rsa(1024).publicKey), 'too_short'],
    ['RSA 2040 as PEM', pem(rsa(2040).publicKey, 'spki'), 'too_short'],
    ['RSA exponent 3', jwk(rsa(2048, 3).publicKey), 'exponent'],
    ['RSA1_5', { ...jwk(rsa2048.publicKey), alg: 'RSA1_5' }, 'use'],
    ['RSA-OAEP with SHA-1', { ...jwk(rsa2048.publicKey), alg: 'RSA-OAEP' }, 'use'],
    ['ECDH-ES direct', { ...jwk(p256.publicKey), alg: 'ECDH-ES' }, 'use'],
    ['dir', { ...jwk(p256.publicKey), alg: 'dir' }, 'use'],
    ['a signing key', { ...jwk(p256.publicKey), use: 'sig' }, 'use'],
    ['key_ops verify', { ...jwk(p256.publicKey), key_ops: ['verify'] }, 'use'],
    ['symmetric', { kty: 'oct', k: 'AAAA' }, 'private'],
    ['symmetric without k', { kty: 'oct' }, 'type'],
    ['private JWK', jwk(p256.privateKey), 'private'],
    ['private RSA JWK as text', JSON.stringify(jwk(rsa2048.privateKey)), 'private'],
    ['private PEM', pem(p256.privateKey, 'pkcs8'), 'private'],
    ['public and private PEM', `${pem(p256.publicKey, 'spki')}${pem(p256.privateKey, 'pkcs8')}`, 'private'],
    ['secp256k1', jwk(ec('secp256k1').publicKey), 'curve'],
    ['Ed25519', jwk(generateKeyPairSync('ed25519').publicKey), 'type'],
    ['X25519 of low order', { kty: 'OKP', crv: 'X25519', x: Buffer.alloc(32).toString('base64url') }, 'curve'],
    ['X448', jwk(generateKeyPairSync('x448').publicKey), 'type'],
    ['a point off the curve', { ...jwk(p256.publicKey), y: Buffer.alloc(32, 7).toString('base64url') }, 'format'],
    ['a PEM of nothing', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'format'],
    ['text', 'key', 'format'],
    ['broken JSON', '{', 'format'],
    ['null', null, 'format'],
    ['an array', [], 'format'],
    ['a long text', 'x'.repeat(20_000), 'too_long'],
  ];
  it.each(refused)('refuses %s', (_name, input, problem) => {
    expect(() => validateRecipientKey(input)).toThrow(
      expect.objectContaining({ code: 'public_key_invalid', fields: { problem } }),
    );
  });

  it('keeps public members only', () => {
    const details: AsymmetricKeyDetails | undefined = p256.publicKey.asymmetricKeyDetails;
    expect(details?.namedCurve).toBe('prime256v1');
    expect(Object.keys(validateRecipientKey({ ...jwk(p256.publicKey), x5u: 'https://a.b/' }).jwk).sort()).toEqual([
      'crv',
      'kty',
      'x',
      'y',
    ]);
  });
});
