import { generateKeyPairSync, privateDecrypt, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseKeyWrapperSetting, rsaKeyWrapper } from './key-wrapper.ts';
import { openKeyWrapper } from './open-key-wrapper.ts';

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

describe('opening', () => {
  it('reads the PEM file of an rsa setting', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cardseal-pem-'));
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    await writeFile(join(folder, 'key.pem'), pair.publicKey.export({ type: 'spki', format: 'pem' }));
    const wrapped = await (await openKeyWrapper(`rsa:${join(folder, 'key.pem')}`)).wrap(Buffer.alloc(16, 1));
    await rm(folder, { recursive: true });
    const unwrapped = privateDecrypt({ key: pair.privateKey, oaepHash: 'sha256' }, Buffer.from(wrapped, 'base64'));
    expect(unwrapped).toEqual(Buffer.alloc(16, 1));
  });

  it('starts the command of a command setting', async () => {
    const echo = `process.stdin.on('data', (d) => console.log('{"id":' + JSON.parse(d).id + ',"enc_aes_key":"x"}'))`;
    const wrapper = await openKeyWrapper(`command:${JSON.stringify([process.execPath, '-e', echo])}`);
    expect(await wrapper.wrap(Buffer.alloc(16))).toBe('x');
    await wrapper.stop();
  });

  it('refuses a file that is not there', async () => {
    await expect(openKeyWrapper('rsa:/nonexistent.pem')).rejects.toThrow('key_wrapper_file_unreadable');
  });
});
