/**
 * A provider that responds at once: it decrypts only the AES key and encrypts the same reading every time. It runs in
 * its own process, so that its CPU time is not measured. It can replace the emulator of a stack.
 */
import { constants, createCipheriv, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const entry = (words: string) => ({ location: { left: 1, top: 1, width: 9, height: 9 }, words });
const READING = Buffer.from(
  JSON.stringify({
    log_id: 1,
    image_status: 'normal',
    direction: 0,
    idcard_number_type: 1,
    words_result: {
      姓名: entry('样本一'),
      性别: entry('女'),
      民族: entry('汉'),
      出生: entry('19900304'),
      住址: entry('样本省样本市样本路1号'),
      公民身份号码: entry('99010119900304002X'),
    },
    words_result_num: 6,
  }),
);

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

function answer(body: Buffer): string {
  // The key precedes the image in the body, and the image is not read.
  const head = body.subarray(0, body.indexOf('&image=')).toString('latin1');
  const wrapped = Buffer.from(new URLSearchParams(head).get('enc_aes_key') ?? '', 'base64');
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const key = privateDecrypt({ key: privateKey, oaepHash: 'sha256', padding }, wrapped);
  const cipher = createCipheriv('aes-128-ecb', key, null);
  const result = Buffer.concat([cipher.update(READING), cipher.final()]).toString('base64');
  return JSON.stringify({ log_id: 1, result });
}

const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
/** Longer than any pause of a run: closing an idle connection during a request would fail a job of the bare script. */
const keepAliveTimeout = 75_000;
const server = createServer({ keepAliveTimeout }, (request, response) => {
  if (request.url === '/__control/public-key') return void response.end(publicPem);
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const isToken = request.url?.startsWith('/oauth/') ?? false;
    response.setHeader('content-type', 'application/json');
    response.end(isToken ? '{"access_token":"bench","expires_in":2592000}' : answer(Buffer.concat(pieces)));
  });
});
server.listen(Number(process.env.EMULATOR_PORT ?? 0), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send!({ type: 'ready', port, url: `http://127.0.0.1:${port}`, publicPem });
});
process.on('disconnect', () => process.exit());
