/**
 * One page of the names in an S3 bucket. S3 may return fewer names than requested, even none, and report that more
 * follow: only the continuation token leads to the rest.
 */
import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { TransientError } from '@cardseal/base/errors';
import type { ListOptions, Page } from './object-store.ts';

/** A full page of `limit` names, or all that are left: `next` is null only if the store said that nothing follows. */
export async function listPage(
  client: S3Client,
  Bucket: string,
  Prefix: string,
  { startAfter, limit = 1000 }: ListOptions,
): Promise<Page> {
  const keys: string[] = [];
  const tokens = new Set<string>();
  let token: string | undefined;
  for (;;) {
    const from = token === undefined ? { StartAfter: startAfter } : { ContinuationToken: token };
    const answer = await client.send(
      new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: limit - keys.length, ...from }),
    );
    keys.push(...(answer.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])));
    if (!answer.IsTruncated) return { keys, next: null };
    if (keys.length >= limit) return { keys, next: keys.at(-1) ?? null };
    token = answer.NextContinuationToken;
    // A missing or repeated token cannot continue the list. A truncated list must not look complete.
    if (!token || tokens.has(token)) throw new TransientError('store_unavailable', { fields: { operation: 'list' } });
    tokens.add(token);
  }
}
