// Requests signed by hand, for what the SDK never sends (signed chunks, stale dates, presigned URLs). Written from the
// public SigV4 description, independent of the double's own check, so that each side verifies the other.
import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { StoreUnderTest } from './store-under-test.ts';

export type Answer = {
  status: number;
  body: Buffer;
  headers: Record<string, string | string[] | undefined>;
  code: string | undefined;
};
type Keys = { accessKeyId: string; secretAccessKey: string };
export type Call = {
  method: string;
  key: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Buffer;
  at?: Date;
  keys?: Keys;
  /** The value of x-amz-content-sha256; by default the hash of the body. */
  payload?: string;
};
export type Signed = {
  path: string;
  headers: Record<string, string>;
  signature: string;
  sign: (text: string) => string;
  scope: string;
  timestamp: string;
};

export const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const quote = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const quotePath = (text: string) => text.split('/').map(quote).join('/');

function signer(store: StoreUnderTest, at: Date, keys: Keys): Pick<Signed, 'sign' | 'scope' | 'timestamp'> {
  const timestamp = `${at.toISOString().replace(/[-:]|\.\d{3}/g, '')}`;
  const day = timestamp.slice(0, 8);
  const signingKey = hmac(hmac(hmac(hmac(`AWS4${keys.secretAccessKey}`, day), store.region), 's3'), 'aws4_request');
  return {
    timestamp,
    scope: `${day}/${store.region}/s3/aws4_request`,
    sign: (text) => hmac(signingKey, text).toString('hex'),
  };
}

function canonicalQuery(query: Record<string, string>): string {
  const names = Object.keys(query).sort();
  return names.map((name) => `${quote(name)}=${quote(query[name] as string)}`).join('&');
}

function canonicalRequest(
  method: string,
  path: string,
  query: string,
  headers: Record<string, string>,
  payload: string,
): string {
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]?.trim()}\n`).join('');
  return [method, path, query, lines, names.join(';'), payload].join('\n');
}

/** A request with signed headers, not yet sent. */
export function signHeaders(store: StoreUnderTest, call: Call): Signed {
  const keys = call.keys ?? store;
  const { timestamp, scope, sign } = signer(store, call.at ?? new Date(), keys);
  const payload = call.payload ?? sha256(call.body ?? '');
  const host = new URL(store.endpoint).host;
  const headers: Record<string, string> = {
    ...call.headers,
    host,
    'x-amz-date': timestamp,
    'x-amz-content-sha256': payload,
  };
  const path = quotePath(`/${store.bucket}${call.key === '' ? '' : `/${call.key}`}`);
  const query = canonicalQuery(call.query ?? {});
  const toSign = [
    'AWS4-HMAC-SHA256',
    timestamp,
    scope,
    sha256(canonicalRequest(call.method, path, query, headers, payload)),
  ];
  const signature = sign(toSign.join('\n'));
  const signedHeaders = Object.keys(headers).sort().join(';');
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  return { path: query === '' ? path : `${path}?${query}`, headers, signature, sign, scope, timestamp };
}

/** A presigned path: its holder may perform this one request until it expires. */
export function presign(store: StoreUnderTest, method: string, key: string, expiresS: number, at = new Date()): string {
  const { timestamp, scope, sign } = signer(store, at, store);
  const path = quotePath(`/${store.bucket}/${key}`);
  const query = canonicalQuery({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${store.accessKeyId}/${scope}`,
    'X-Amz-Date': timestamp,
    'X-Amz-Expires': String(expiresS),
    'X-Amz-SignedHeaders': 'host',
  });
  const headers = { host: new URL(store.endpoint).host };
  const canonical = canonicalRequest(method, path, query, headers, 'UNSIGNED-PAYLOAD');
  const signature = sign(['AWS4-HMAC-SHA256', timestamp, scope, sha256(canonical)].join('\n'));
  return `${path}?${query}&X-Amz-Signature=${signature}`;
}

/** Signs and sends. */
export function callSigned(store: StoreUnderTest, call: Call): Promise<Answer> {
  const { path, headers } = signHeaders(store, call);
  return send(store, call.method, path, headers, call.body);
}

/** Sends the request unchanged; `fetch` would normalise the path and refuse some headers. */
export function send(
  store: StoreUnderTest,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: Buffer,
): Promise<Answer> {
  const { hostname, port } = new URL(store.endpoint);
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ hostname, port, method, path, headers }, (incoming) => {
      Array.fromAsync(incoming as AsyncIterable<Buffer>).then((chunks) => {
        const received = Buffer.concat(chunks);
        const code = /<Code>(\w+)<\/Code>/.exec(received.toString('latin1'))?.[1];
        resolve({ status: incoming.statusCode ?? 0, body: received, headers: incoming.headers, code });
      }, reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
