/**
 * A key wrapper that exits while a certain file exists, as a vendor's tool without its licence does. Arguments: the
 * file of the public key, and the file that makes it exit. Protocol: docs/operate/key-wrapper.md.
 */
import { constants, publicEncrypt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [publicKeyFile, deathFile] = process.argv.slice(2);
const key = readFileSync(publicKeyFile);

for await (const line of createInterface({ input: process.stdin })) {
  if (existsSync(deathFile)) process.exit(3);
  const request = JSON.parse(line);
  const options = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  const wrapped = publicEncrypt(options, Buffer.from(request.key, 'base64')).toString('base64');
  process.stdout.write(`${JSON.stringify({ id: request.id, enc_aes_key: wrapped })}\n`);
}
