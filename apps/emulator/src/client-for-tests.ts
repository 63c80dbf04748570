// A client of the emulator for its unit tests. It uses only Node's crypto and HTTP, no product code.
import { constants, createCipheriv, createDecipheriv, publicEncrypt, randomBytes } from 'node:crypto';
import { type Credential, createEmulator, DEFAULT_CONFIG, type EmulatorConfig, type EmulatorOverrides } from './app.ts';

export const CREDENTIAL: Credential = {
  id: 'dev-1',
  provider: 'baidu-idcard-enc',
  api_key: 'key-of-dev-1',
  secret_key: 'secret-of-dev-1',
  aes_key: '0123456789abcdef',
};

interface OcrAnswer {
  status: number;
  text: string;
  /** The parsed body, if it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests inspect replies of any shape
  json: any;
  /** The decrypted and parsed `result`, if it is present and the key opens it. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  reply: any;
}

export interface TestClient {
  url: string;
  token: string;
  /** Sends an image to `idcard_enc` with a new AES-128 key. `fields` replace form fields, or drop them if undefined. */
  call(picture: Buffer, side: string, fields?: Record<string, string | undefined>): Promise<OcrAnswer>;
  post(path: string, body: string): Promise<OcrAnswer>;
  control(change: object): Promise<Response>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  stats(): Promise<any>;
  stop(): Promise<void>;
}

/** Starts an emulator without latency and fetches a token. */
export async function startClient(
  config: Partial<EmulatorConfig> = {},
  overrides: EmulatorOverrides = {},
): Promise<TestClient> {
  const emulator = createEmulator({ ...DEFAULT_CONFIG, qps: 100_000, credentials: [CREDENTIAL], ...config }, overrides);
  const { port } = await emulator.start();
  const url = `http://127.0.0.1:${port}`;
  const control = (change: object) => fetch(`${url}/__control`, { method: 'PUT', body: JSON.stringify(change) });
  await control({ latency_ms: { p50: 0, p99: 0 } });
  const publicKey = await (await fetch(`${url}/__control/public-key`)).text();
  const token = await fetchToken(url);
  const post = async (path: string, body: string, key?: Buffer): Promise<OcrAnswer> => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const response = await fetch(url + path, { method: 'POST', headers, body });
    const text = await response.text();
    const json = parse(text);
    return { status: response.status, text, json, reply: key && open(json?.result, key) };
  };
  return {
    url,
    token,
    control,
    post,
    call(picture, side, fields = {}) {
      const key = randomBytes(16);
      const sealed = seal(picture, key).toString('base64');
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      const wrapped = publicEncrypt({ key: publicKey, oaepHash: 'sha256', padding }, key).toString('base64');
      const all = { image: sealed, enc_aes_key: wrapped, id_card_side: side, ...fields };
      return post(`/rest/2.0/ocr/v1/idcard_enc?access_token=${token}`, formOf(all), key);
    },
    stats: async () => (await fetch(`${url}/__control/stats`)).json(),
    stop: () => emulator.stop(),
  };
}

export async function fetchToken(url: string, credential: Credential = CREDENTIAL): Promise<string> {
  const { api_key, secret_key } = credential;
  const form = formOf({ grant_type: 'client_credentials', client_id: api_key, client_secret: secret_key });
  const response = await fetch(`${url}/oauth/2.0/token`, { method: 'POST', body: form });
  return ((await response.json()) as { access_token: string }).access_token;
}

export function formOf(fields: Record<string, string | undefined>): string {
  const present = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return present.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
}

export function seal(plain: Buffer, key: Buffer): Buffer {
  const cipher = createCipheriv('aes-128-ecb', key, null);
  return Buffer.concat([cipher.update(plain), cipher.final()]);
}

export function open(result: unknown, key: Buffer): unknown {
  if (typeof result !== 'string') return undefined;
  try {
    const decipher = createDecipheriv('aes-128-ecb', key, null);
    const plain = Buffer.concat([decipher.update(Buffer.from(result, 'base64')), decipher.final()]);
    return JSON.parse(plain.toString('utf8'));
  } catch {
    return undefined;
  }
}

function parse(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
