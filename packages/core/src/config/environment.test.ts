import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigurationError, positiveInteger, problemsFrom, readEnvironment } from './environment.ts';
import { commonEnvironment, redisEnvironment, storeEnvironment } from './groups.ts';
import { readSecretFile } from './secret-file.ts';

const schema = z.object({ ...commonEnvironment, ...redisEnvironment, ...storeEnvironment, WAIT_MS: positiveInteger });

describe('settings', () => {
  it('reports every problem at once, in plain words and without a value', () => {
    const env = {
      CARDSEAL_ENV: 'prod',
      REDIS_URL: 'http://user:secret@redis',
      S3_ENDPOINT: 'localhost:9000',
      S3_REGION: '',
      S3_BUCKET: 'x',
      METRICS_PORT: '70000',
      MAX_IMAGE_BYTES: 'many',
      ALLOW_PLAINTEXT: 's3,all',
      WAIT_MS: '0',
    };
    const problems = problemsFrom(() =>
      readEnvironment(schema, env, [({ S3_BUCKET, LOG_LEVEL }) => [`a relation: ${S3_BUCKET} ${LOG_LEVEL}`]]),
    );
    expect(problems).toEqual([
      'CARDSEAL_ENV: must be one of dev, test, production',
      'ALLOW_PLAINTEXT: must be one or several of s3, kms, redis, provider, public, with commas between them',
      'METRICS_PORT: must be at most 65535',
      'MAX_IMAGE_BYTES: must be a number',
      'REDIS_URL: must start with redis:// or rediss://',
      'S3_ENDPOINT: must be a URL that starts with https:// or http://',
      'S3_REGION: is missing; it must be text',
      'S3_BUCKET: must have at least 3 characters',
      'WAIT_MS: must be more than 0',
      // The check runs too, and sees only the settings that are valid by themselves.
      'a relation: undefined info',
    ]);
    expect(problems.join()).not.toMatch(/secret|Invalid|expected|received/);
  });

  it('throws one error, whose text lists the problems', () => {
    const error = new ConfigurationError(['A: is missing', 'B: must be a number']);
    expect(error.message).toBe('the settings cannot be used:\n  - A: is missing\n  - B: must be a number');
  });

  it('names the file and the cause when a file cannot be used', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'cardseal-config-'));
    const file = path.join(folder, 'key');
    writeFileSync(file, 'x', { mode: 0o644 });
    const problem = (at: string) => problemsFrom(() => readSecretFile('MASTER_KEY_FILE', at))[0];
    expect(problem(path.join(folder, 'none'))).toBe(`MASTER_KEY_FILE: the file ${folder}/none does not exist`);
    expect(problem(folder)).toBe(`MASTER_KEY_FILE: the file ${folder} is a folder`);
    expect(problem(file)).toBe(`MASTER_KEY_FILE: others on this machine can read the file ${file}; chmod 600 it`);
    rmSync(folder, { recursive: true });
  });
});
