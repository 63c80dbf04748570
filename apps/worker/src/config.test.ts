import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { problemsFrom } from '@cardseal/core/config';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cardseal-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Buffer) => {
  const full = path.join(folder, name);
  writeFileSync(full, content, { mode: 0o600 });
  return full;
};

const key = file('master.key', Buffer.alloc(32, 1));
const entry = { id: 'a', provider: 'baidu-idcard-aes', api_key: 'k', secret_key: 's', aes_key: '0'.repeat(16), qps: 2 };
const pool = file('pool.json', JSON.stringify([entry]));
const good = {
  REDIS_URL: 'rediss://redis:6379',
  S3_REGION: 'cn-north-1',
  S3_BUCKET: 'cards',
  MASTER_KEY_FILE: key,
  BAIDU_CREDENTIALS_FILE: pool,
  PUBLIC_URL: 'https://cards.example.com',
};
const problemsOf = (env: Record<string, string | undefined>) => problemsFrom(() => readConfig(env, { files: true }));

describe("the worker's settings", () => {
  it('have no problem in production as the manifests set them', () => {
    expect(problemsOf(good)).toEqual([]);
  });

  it('report single settings, relations, plaintext and files in one go', () => {
    const wrong = file(
      'wrong.json',
      JSON.stringify([
        { ...entry, id: 'A', qps: 'many' },
        { ...entry, aes_key: undefined },
      ]),
    );
    const problems = problemsOf({
      ...good,
      REDIS_URL: 'redis://redis:6379',
      S3_ENDPOINT: 'http://s3:9000',
      S3_REGION: undefined,
      PUBLIC_URL: undefined,
      MASTER_KEY_FILE: path.join(folder, 'none'),
      BAIDU_CREDENTIALS_FILE: wrong,
      BAIDU_KEY_WRAPPER: `rsa:${key}`,
      WEBHOOK_ALLOW_TARGETS: '10.0.0.0/8,127.0.0.0/8,10.0.0.1/99',
      WEBHOOK_CLIENT_CERT_FILE: key,
      LOCK_DURATION_MS: '100',
      FAILPOINTS_DIR: '/tmp',
    });
    expect(problems).toEqual([
      'S3_REGION: is missing; it must be text',
      'WEBHOOK_ALLOW_TARGETS: `127.0.0.0/8` can never be allowed in production: it is loopback, link-local, metadata or reserved',
      'WEBHOOK_ALLOW_TARGETS: `10.0.0.1/99` is not a CIDR range, a host or host:port',
      'S3_ENDPOINT: must start with https:// in production; inside a protected network, ALLOW_PLAINTEXT=s3 lifts this',
      'REDIS_URL: must start with rediss:// in production unless Redis runs on the loopback; inside a protected network, ALLOW_PLAINTEXT=redis lifts this',
      'PUBLIC_URL: is missing; production needs the https:// URL at which consumers reach the API',
      'FAILPOINTS_DIR: is for tests only; remove it',
      'LOCK_DURATION_MS: must be at least 5000',
      `MASTER_KEY_FILE: the file ${folder}/none does not exist`,
      'WEBHOOK_CLIENT_CERT_FILE, WEBHOOK_CLIENT_KEY_FILE: set both or neither',
      `BAIDU_CREDENTIALS_FILE: in ${wrong}: entry 1: id: must be 1 to 40 lower-case letters, digits or -, and start with a letter or digit`,
      `BAIDU_CREDENTIALS_FILE: in ${wrong}: entry 1: qps: must be a number`,
      expect.stringContaining(`BAIDU_CREDENTIALS_FILE: in ${wrong}: entry 2: aes_key: `),
      `BAIDU_KEY_WRAPPER: the file ${key} holds no RSA public key in PEM`,
    ]);
  });

  it.each([
    ['without a master key', { MASTER_KEY_FILE: undefined }, 'MASTER_KEY_FILE, KMS_KEY_ID: set one of the two'],
    [
      'two Redis topologies',
      { REDIS_SENTINELS: 'a:1', REDIS_CLUSTER_NODES: 'b:1' },
      'REDIS_SENTINELS, REDIS_CLUSTER_NODES: set only one of the two',
    ],
    [
      'without a pool',
      { BAIDU_CREDENTIALS_FILE: undefined },
      'BAIDU_CREDENTIALS_FILE: is missing; a worker that recognizes needs it',
    ],
    [
      'a wrapper that is missing',
      {
        BAIDU_CREDENTIALS_FILE: file('enc.json', JSON.stringify([{ ...entry, id: 'b', provider: 'baidu-idcard-enc' }])),
      },
      'BAIDU_KEY_WRAPPER: is missing; the credential b of baidu-idcard-enc needs it',
    ],
    [
      'an authority that is none',
      { WEBHOOK_CA_FILE: key },
      `WEBHOOK_CA_FILE: the file ${key} holds no PEM certificate that can be used`,
    ],
  ])('%s', (_what, change, problem) => {
    expect(problemsOf({ ...good, ...change })).toEqual([problem]);
  });
});
