/**
 * Checks that buckets and key service meet the needs of production: versions of data that expire, and keys in a bucket
 * without versions.
 */
import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  type LifecycleRule,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { KeyStatus } from '@cardseal/sealing';
import type { Advice } from './advice.ts';

export interface StorePlaces {
  endpoint: string | undefined;
  bucket: string;
  keysBucket: string | undefined;
}

const LOOPBACK = /^http:\/\/(127\.|localhost|\[::1\])/;

/** A store that does not support a query gives no finding: small stores lack some of them. */
export async function adviseOnStore(
  client: S3Client,
  { endpoint, bucket, keysBucket }: StorePlaces,
): Promise<Advice[]> {
  const advice: Advice[] = [];
  const say = (code: Advice['code'], text: string) => advice.push({ code, text });
  if (endpoint?.startsWith('http://') && !LOOPBACK.test(endpoint)) say('store_plain', 'use https:// for S3_ENDPOINT');
  const data = await versioning(client, bucket);
  if (data === 'off')
    say('data_not_versioned', `switch versions on for ${bucket}: an operator's mistake could not be undone`);
  if (data === 'on') advice.push(...adviseOnRules(bucket, await rulesOf(client, bucket)));
  if (keysBucket === undefined || keysBucket === bucket) {
    say('keys_not_apart', 'set S3_KEYS_BUCKET: keys lie beside what they open, and in the same backups');
  } else if ((await versioning(client, keysBucket)) === 'on') {
    say('keys_versioned', `switch versions off for ${keysBucket}: a key that erasure deleted could be brought back`);
  }
  return advice;
}

/** A deletion leaves a delete marker, which stays after the last version is gone: lists would read past all of them. */
function adviseOnRules(bucket: string, rules: readonly LifecycleRule[]): Advice[] {
  const lacks = (code: Advice['code'], what: string): Advice => ({
    code,
    text: `give ${bucket} the rules of infra/s3/lifecycle-data.json: ${what} are never removed`,
  });
  const ends = rules.some((rule) => rule.NoncurrentVersionExpiration !== undefined);
  const clears = rules.some((rule) => rule.Expiration?.ExpiredObjectDeleteMarker === true);
  return [
    ...(ends ? [] : [lacks('data_versions_kept', 'old versions')]),
    ...(clears ? [] : [lacks('data_markers_kept', 'markers of deletions')]),
  ];
}

export function adviseOnKeys({ master, trouble }: Pick<KeyStatus, 'master' | 'trouble'>): Advice[] {
  if (master === null) return [{ code: 'key_service_silent', text: `the key service does not answer: ${trouble}` }];
  if (!master.startsWith('file:')) return [];
  return [{ code: 'key_file', text: 'a key file can be copied without a trace: prefer KMS_KEY_ID' }];
}

async function versioning(client: S3Client, Bucket: string): Promise<'on' | 'off' | 'unknown'> {
  return client.send(new GetBucketVersioningCommand({ Bucket })).then(
    ({ Status }) => (Status === 'Enabled' ? 'on' : 'off'),
    () => 'unknown',
  );
}

async function rulesOf(client: S3Client, Bucket: string): Promise<LifecycleRule[]> {
  const found = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket })).catch(() => null);
  return (found?.Rules ?? []).filter(({ Status }) => Status === 'Enabled');
}
