import { describe, expect, it } from 'vitest';
import { adviseOnPlaintext, plaintextProblems } from './plaintext.ts';

const production = { CARDSEAL_ENV: 'production' };
const places = (problems: string[]) => problems.map((problem) => problem.split(':')[0]);

describe('plaintext in production', () => {
  it.each([
    ['S3_ENDPOINT', 's3', 'http://s3.bank.internal:9000'],
    ['S3_ENDPOINT', 's3', 'http://127.0.0.1:9000'],
    ['KMS_ENDPOINT', 'kms', 'HTTP://kms.bank.internal'],
    ['PUBLIC_URL', 'public', 'http://cards.example.com'],
    ['BAIDU_BASE_URL', 'provider', 'http://gateway.bank.internal'],
    ['BAIDU_BASE_URL', 'provider', 'http://10.1.2.3:8080'],
    ['BAIDU_BASE_URL', 'provider', 'http://127.0.0.1:3002'],
    ['BAIDU_BASE_URL', 'provider', 'http://emulator:3002'],
    ['REDIS_URL', 'redis', 'redis://10.1.2.3:6379'],
    ['REDIS_URL', 'redis', 'redis://redis:6379'],
    ['REDIS_URL', 'redis', 'redis://localhost.example.com'],
  ] as const)('refuses %s until ALLOW_PLAINTEXT names %s: %s', (place, name, url) => {
    const settings = { ...production, [place]: url };
    expect(places(plaintextProblems(settings))).toEqual([place]);
    expect(plaintextProblems(settings)[0]).toContain(`ALLOW_PLAINTEXT=${name}`);
    expect(plaintextProblems({ ...settings, ALLOW_PLAINTEXT: [name] })).toEqual([]);
    const others = (['s3', 'kms', 'redis', 'provider', 'public'] as const).filter((other) => other !== name);
    expect(plaintextProblems({ ...settings, ALLOW_PLAINTEXT: others })).toHaveLength(1);
    expect(plaintextProblems({ ...settings, CARDSEAL_ENV: 'dev' })).toEqual([]);
  });

  it.each(['http://aip.baidubce.com', 'http://8.8.4.4', 'http://[2606:4700::1]', 'http://ocr.tencentcloudapi.com:80'])(
    'never speaks to a public provider: %s',
    (url) => {
      const settings = { ...production, BAIDU_BASE_URL: url, ALLOW_PLAINTEXT: ['provider' as const] };
      expect(places(plaintextProblems(settings))).toEqual(['BAIDU_BASE_URL']);
    },
  );

  it('accepts TLS everywhere, and a Redis on the loopback', () => {
    const urls = { S3_ENDPOINT: 'https://s3', KMS_ENDPOINT: 'https://kms', PUBLIC_URL: 'https://c.example.com' };
    const settings = { ...production, ...urls, BAIDU_BASE_URL: 'https://aip.baidubce.com' };
    for (const REDIS_URL of ['rediss://redis:6379', 'redis://127.0.0.1:6379', 'redis://localhost', 'redis://[::1]:1']) {
      expect(plaintextProblems({ ...settings, REDIS_URL })).toEqual([]);
    }
  });

  it('looks at sentinels and nodes instead of the host of REDIS_URL', () => {
    const url = { ...production, REDIS_URL: 'redis://mymaster' };
    expect(plaintextProblems({ ...url, REDIS_SENTINELS: [{ host: '127.0.0.1' }] })).toEqual([]);
    expect(plaintextProblems({ ...url, REDIS_SENTINELS: [{ host: '127.0.0.1' }, { host: '10.0.0.1' }] })).toHaveLength(
      1,
    );
    const nodes = { ...production, REDIS_URL: 'redis://127.0.0.1', REDIS_CLUSTER_NODES: [{ host: '10.0.0.1' }] };
    expect(plaintextProblems(nodes)).toHaveLength(1);
  });

  it("reads the endpoints that AWS' SDK takes from the environment", () => {
    const env = { AWS_ENDPOINT_URL_S3: 'http://s3', AWS_ENDPOINT_URL: 'http://all' };
    expect(places(plaintextProblems(production, env))).toEqual(['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL']);
    const settings = { ...production, S3_ENDPOINT: 'https://s3', KMS_ENDPOINT: 'https://kms' };
    expect(plaintextProblems(settings, env)).toEqual([]);
  });

  it('gives a finding for each name that is lifted', () => {
    expect(adviseOnPlaintext(undefined)).toEqual([]);
    const advice = adviseOnPlaintext(['redis', 's3', 'redis']);
    expect(advice.map(({ code }) => code)).toEqual(['plaintext_redis', 'plaintext_s3']);
  });
});
