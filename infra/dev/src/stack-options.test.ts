import { describe, expect, it } from 'vitest';
import { REPOSITORY, readStackOptions, readStore } from './stack-options.ts';

describe('readStackOptions', () => {
  it('returns the defaults of npm start for an empty environment', () => {
    expect(readStackOptions({})).toEqual({
      dataDir: `${REPOSITORY}.cardseal`,
      ports: { api: 3000, admin: 3001, emulator: 3002, s3: 3003 },
      workers: 1,
      baiduQps: 100,
    });
  });

  it('reads the variables', () => {
    const env = { CARDSEAL_DATA_DIR: '/data', API_PORT: '0', S3_PORT: '9000', WORKERS: '3', BAIDU_QPS: '20' };
    const options = readStackOptions({ ...env, REDIS_URL: 'redis://elsewhere' });
    expect(options).toMatchObject({ dataDir: '/data', workers: 3, baiduQps: 20, redisUrl: 'redis://elsewhere' });
    expect(options.ports).toEqual({ api: 0, admin: 3001, emulator: 3002, s3: 9000 });
  });

  it('reports every wrong variable at once', () => {
    const env = { API_PORT: '70000', WORKERS: '-1', BAIDU_QPS: 'many' };
    expect(() => readStackOptions(env)).toThrow(/API_PORT.*WORKERS.*BAIDU_QPS/s);
  });
});

describe('readStore', () => {
  const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };

  it('returns undefined without an endpoint, and all settings with one', () => {
    expect(readStore(keys, 'b')).toBeUndefined();
    expect(readStore({ ...keys, S3_ENDPOINT: 'http://s3', S3_REGION: 'r' }, 'b')).toEqual({
      endpoint: 'http://s3',
      region: 'r',
      bucket: 'b',
      accessKeyId: 'id',
      secretAccessKey: 'secret',
    });
  });

  it('refuses an endpoint without keys', () => {
    expect(() => readStore({ S3_ENDPOINT: 'http://s3' }, 'b')).toThrow('AWS_ACCESS_KEY_ID');
  });
});
