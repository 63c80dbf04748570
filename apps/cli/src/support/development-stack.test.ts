import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../program.ts';
import { adoptDevelopmentStack, developmentStack } from './development-stack.ts';

const stack = {
  apiUrl: 'http://127.0.0.1:3000',
  apiKey: 'csk_x',
  redisUrl: 'redis://127.0.0.1:6000',
  s3: { endpoint: 'http://127.0.0.1:3003', region: 'r', bucket: 'b', accessKeyId: 'a', secretAccessKey: 's' },
};

let place: string;
let data: string;
let file: string;
beforeAll(() => {
  place = mkdtempSync(path.join(tmpdir(), 'cardseal-cli-'));
  data = path.join(place, '.cardseal');
  file = path.join(data, 'dev.json');
  mkdirSync(data);
  writeFileSync(file, JSON.stringify(stack));
});
afterAll(() => rmSync(place, { recursive: true }));

const adopted = (env: Record<string, string | undefined>) => {
  const changed = { CARDSEAL_DATA_DIR: data, ...env };
  return { used: adoptDevelopmentStack(changed), env: changed as Record<string, string | undefined> };
};

describe('the stack of `npm start`', () => {
  it('is found by its data folder, and from the folder of the user', () => {
    expect(developmentStack({ CARDSEAL_DATA_DIR: data })).toMatchObject({ ...stack, file });
    expect(developmentStack({ INIT_CWD: place })).toMatchObject({ file });
    expect(developmentStack({ CARDSEAL_DATA_DIR: path.join(place, 'none') })).toBeNull();
  });

  it('provides the settings when the environment has none', () => {
    const { used, env } = adopted({ AWS_PROFILE: 'mine', AWS_SESSION_TOKEN: 'old', REDIS_SENTINELS: 'x:1' });
    expect(used).toBe(file);
    expect(env).toMatchObject({
      CARDSEAL_ENV: 'dev',
      S3_ENDPOINT: stack.s3.endpoint,
      S3_BUCKET: 'b',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 's',
      MASTER_KEY_FILE: path.join(data, 'master.key'),
      REDIS_URL: stack.redisUrl,
    });
    // They belong to another installation, and the SDK and the Redis client would use them.
    for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'REDIS_SENTINELS']) expect(env).not.toHaveProperty(name);
  });

  it.each([
    { S3_BUCKET: 'mine' },
    { S3_ENDPOINT: 'https://s3.example' },
    { MASTER_KEY_FILE: '/key' },
    { KMS_KEY_ID: 'alias/x' },
    { CARDSEAL_ENV: 'production' },
  ])('is ignored when the environment has %o', (settings) => {
    const { used, env } = adopted(settings);
    expect(used).toBeNull();
    expect(env).toEqual({ CARDSEAL_DATA_DIR: data, ...settings });
  });

  it.each([
    [['tenant', 'list'], 1],
    [['key', 'list', 'bank'], 1],
    [['keys', 'status'], 1],
    [['keys', 'rotate', 'master'], 1],
    [['admin', 'list'], 1],
    [['audit', 'verify'], 1],
    [['doctor'], 1],
    [['doctor', 'manifest'], 1],
    [['batch', 'get', 'batch_1'], 0],
    [['get', 'job_1'], 0],
  ] as const)('is used by the operator command %j and by no user command', async (args, times) => {
    let prepared = 0;
    // Without settings each command fails.
    const env = { CARDSEAL_DATA_DIR: path.join(place, 'none') };
    const program = createProgram(env, () => {
      prepared++;
    });
    await expect(program.parseAsync(args, { from: 'user' })).rejects.toThrow();
    expect(prepared).toBe(times);
  });
});
