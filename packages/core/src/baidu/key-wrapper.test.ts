import { generateKeyPairSync, privateDecrypt, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseKeyWrapperSetting, rsaKeyWrapper } from './key-wrapper.ts';

describe('the RSA key wrapper', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = pair.publicKey.export({ type: 'spki', format: 'pem' });

  it.each([16, 32])('wraps %i raw bytes with OAEP and SHA-256, base64', async (sizeBytes) => {
    const key = randomBytes(sizeBytes);
    const wrapped = await rsaKeyWrapper(pem).wrap(key);
    const unwrapped = privateDecrypt({ key: pair.privateKey, oaepHash: 'sha256' }, Buffer.from(wrapped, 'base64'));
    expect(unwrapped).toEqual(key);
  });

  it('refuses what is no RSA key, without quoting it', () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });
    for (const bad of ['', 'nonsense', ec])
      expect(() => rsaKeyWrapper(bad)).toThrow(/^key_wrapper_public_key_invalid$/);
  });
});

describe('the setting', () => {
  it.each([
    ['rsa:/etc/key.pem', { kind: 'rsa', file: '/etc/key.pem' }],
    ['rsa: relative/key file.pem', { kind: 'rsa', file: 'relative/key file.pem' }],
    ['command:wrap', { kind: 'command', command: 'wrap', args: [] }],
    [
      `command:java -cp "/opt/my tool.jar:." 'Key Wrapper' --x="a b"`,
      { kind: 'command', command: 'java', args: ['-cp', '/opt/my tool.jar:.', 'Key Wrapper', '--x=a b'] },
    ],
    ['command:["java", "", "a b"]', { kind: 'command', command: 'java', args: ['', 'a b'] }],
  ])('%s', (setting, parsed) => {
    expect(parseKeyWrapperSetting(setting)).toEqual(parsed);
  });

  it.each(['', 'rsa:', 'rsa', 'command:', 'command:  ', 'command:"open', 'command:[1]', 'command:[]', 'kms:x'])(
    'refuses %j',
    (setting) => {
      expect(() => parseKeyWrapperSetting(setting)).toThrow('key_wrapper_setting_invalid');
    },
  );
});
