/** The bucket policies and the role of infra/s3 allow exactly what the code needs. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Manifest, ofKind, ROOT } from './manifests.ts';

const read = (file: string): Manifest => JSON.parse(readFileSync(path.join(ROOT, 'infra/s3', file), 'utf8'));
const settings = ofKind('ConfigMap')[0].data;
const data = settings.S3_BUCKET as string;
const keys = settings.S3_KEYS_BUCKET as string;
const partition = settings.S3_REGION.startsWith('cn-') ? 'aws-cn' : 'aws';
const arn = (name: string) => `arn:${partition}:s3:::${name}`;
const role: Manifest[] = read('policy-role.json').Statement;

/** The permission that each SDK request needs. A new request must be added here and to the policy. */
const ACTIONS: Record<string, string> = {
  GetObject: 's3:GetObject',
  PutObject: 's3:PutObject',
  DeleteObject: 's3:DeleteObject',
  DeleteObjects: 's3:DeleteObject',
  ListObjectsV2: 's3:ListBucket',
  GetBucketVersioning: 's3:GetBucketVersioning',
  GetBucketLifecycleConfiguration: 's3:GetLifecycleConfiguration',
  GenerateDataKey: 'kms:GenerateDataKey',
  Encrypt: 'kms:Encrypt',
  Decrypt: 'kms:Decrypt',
};

/** Every SDK request in the source of the apps and packages. */
function requestsOf(): string[] {
  const sources = globSync(['packages/*/src/**/*.ts', 'apps/{api,worker,admin,cli}/src/**/*.ts'], { cwd: ROOT });
  const texts = sources
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
    .filter((text) => /from '@aws-sdk\/client-(s3|kms)'/.test(text));
  return [...new Set(texts.flatMap((text) => [...text.matchAll(/new (\w+)Command\(/g)].map(([, name]) => name!)))];
}

describe('the permissions of the role', () => {
  it('are exactly what the code needs', () => {
    const needed = requestsOf().map((request) => ACTIONS[request] ?? `unknown: ${request}`);
    expect(needed.length).toBeGreaterThan(8);
    expect(role.flatMap(({ Action }) => Action).sort()).toEqual([...new Set(needed)].sort());
    for (const { Effect } of role) expect(Effect).toBe('Allow');
  });

  it('apply to the buckets and the key of the settings', () => {
    const [objects, buckets, master] = role;
    expect(objects.Resource).toEqual([`${arn(data)}/*`, `${arn(keys)}/*`]);
    expect(buckets.Resource).toEqual([arn(data), arn(keys)]);
    expect(master.Resource).toBe(`arn:${partition}:kms:${settings.S3_REGION}:*:key/*`);
    expect(Object.values(master.Condition)).toEqual([{ 'kms:ResourceAliases': settings.KMS_KEY_ID }]);
  });
});

describe('a bucket', () => {
  it.each([
    ['policy-data.json', data],
    ['policy-keys.json', keys],
  ])('with %s refuses plain HTTP from every caller', (file, bucket) => {
    const [statement, ...others] = read(file).Statement;
    expect(others).toEqual([]);
    expect(statement).toMatchObject({ Effect: 'Deny', Principal: '*', Action: 's3:*' });
    expect(statement.Resource).toEqual([arn(bucket), `${arn(bucket)}/*`]);
    expect(statement.Condition).toEqual({ Bool: { 'aws:SecureTransport': 'false' } });
  });

  it('has lifecycle rules that AWS accepts together: what expires by age has no second rule', () => {
    const rules: Manifest[] = read('lifecycle-data.json').Rules;
    const expirations = rules.flatMap(({ Expiration }) => Expiration ?? []);
    expect(expirations).toContainEqual({ ExpiredObjectDeleteMarker: true });
    for (const expiration of expirations) expect(Object.keys(expiration)).toHaveLength(1);
    expect(new Set(rules.map(({ ID }) => ID)).size).toBe(rules.length);
  });
});
