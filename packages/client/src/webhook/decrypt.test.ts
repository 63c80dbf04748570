import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CompactEncrypt } from 'jose';
import { describe, expect, it } from 'vitest';
import { decryptPayload } from './index.ts';

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const x25519 = generateKeyPairSync('x25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const payload = { type: 'job.succeeded', data: { name: '测试' } };

function seal(key: KeyObject | Uint8Array, alg: string, enc = 'A256GCM', text = JSON.stringify(payload)) {
  return new CompactEncrypt(Buffer.from(text)).setProtectedHeader({ alg, enc }).encrypt(key);
}

describe('decryptPayload', () => {
  it.each([
    ['P-256', p256, 'ECDH-ES+A256KW'],
    ['X25519', x25519, 'ECDH-ES+A256KW'],
    ['RSA', rsa, 'RSA-OAEP-256'],
  ])('opens what was made for the key: %s', async (_name, pair, alg) => {
    const jwe = await seal(pair.publicKey, alg);
    const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    for (const key of [pem, pair.privateKey.export({ format: 'jwk' }), pair.privateKey]) {
      expect(await decryptPayload(jwe, key)).toEqual(payload);
    }
  });

  it.each([
    ['ECDH-ES', 'A256GCM'],
    ['ECDH-ES+A128KW', 'A256GCM'],
    ['ECDH-ES+A256KW', 'A128CBC-HS256'],
  ])('refuses %s with %s, although the key fits', async (alg, enc) => {
    const jwe = await seal(p256.publicKey, alg, enc);
    await expect(decryptPayload(jwe, p256.privateKey)).rejects.toMatchObject({ code: 'ERR_JOSE_ALG_NOT_ALLOWED' });
  });

  it('refuses what was made for another key, or changed', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwe = await seal(p256.publicKey, 'ECDH-ES+A256KW');
    await expect(decryptPayload(jwe, other.privateKey)).rejects.toMatchObject({ code: 'ERR_JWE_DECRYPTION_FAILED' });
    const parts = jwe.split('.');
    const changed = [...parts.slice(0, 3), `${parts[3]?.startsWith('A') ? 'B' : 'A'}${parts[3]?.slice(1)}`, parts[4]];
    await expect(decryptPayload(changed.join('.'), p256.privateKey)).rejects.toMatchObject({
      code: 'ERR_JWE_DECRYPTION_FAILED',
    });
  });

  it('refuses a plaintext that is no JSON', async () => {
    const jwe = await seal(p256.publicKey, 'ECDH-ES+A256KW', 'A256GCM', 'no');
    await expect(decryptPayload(jwe, p256.privateKey)).rejects.toThrow(SyntaxError);
  });
});
