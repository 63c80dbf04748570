import { type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { s3ObjectStore } from './s3-object-store.ts';

const storeThatAnswers = (name: string, status: number) =>
  s3ObjectStore(
    {
      send: async () => {
        throw new S3ServiceException({ name, $fault: 'client', $metadata: { httpStatusCode: status } });
      },
    } as unknown as S3Client,
    'bucket',
  );

it('a missing object is null; a missing bucket is a fault of the store', async () => {
  expect(await storeThatAnswers('NoSuchKey', 404).get('name')).toBeNull();
  await expect(storeThatAnswers('NoSuchBucket', 404).get('name')).rejects.toMatchObject({
    code: 'store_unavailable',
    fields: { operation: 'get', status: 404 },
  });
});
