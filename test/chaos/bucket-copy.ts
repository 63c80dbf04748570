/** Copies a bucket as a backup does, and restores the copy. */
import { createS3Client, type ObjectStore, s3ObjectStore, scan } from '@cardseal/object-store';
import type { TestStack } from '../support/stack.ts';

export interface CopiedObject {
  name: string;
  body: Buffer;
}

/** The bucket of a stack as an object store. */
export function bucketOf({ stack }: TestStack): ObjectStore {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = stack.info.s3;
  const credentials = { accessKeyId, secretAccessKey };
  return s3ObjectStore(createS3Client({ endpoint, region, forcePathStyle: true, credentials }), bucket);
}

export async function copyBucket(app: TestStack): Promise<CopiedObject[]> {
  const store = bucketOf(app);
  const copies: CopiedObject[] = [];
  for await (const name of scan(store, '')) {
    const body = await store.get(name);
    if (body) copies.push({ name, body });
  }
  return copies;
}

export async function restoreBucket(app: TestStack, copies: readonly CopiedObject[]): Promise<void> {
  const store = bucketOf(app);
  for (const { name, body } of copies) await store.put(name, body);
}
