import { type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { s3ObjectStore } from './s3-object-store.ts';

/** Refuses writes as a store does while another writer of the name is under way. */
function contended(refusals: number, meanwhile: string | null) {
  let left = refusals;
  const refuse = (status: number) => {
    const metadata = { httpStatusCode: status };
    throw new S3ServiceException({ name: 'Conflict', $fault: 'client', $metadata: metadata });
  };
  const send = async (command: { constructor: { name: string } }) => {
    if (command.constructor.name === 'PutObjectCommand') return left-- > 0 ? refuse(409) : {};
    if (left > 0 || meanwhile === null) return refuse(404);
    return { Body: { transformToByteArray: async () => Buffer.from(meanwhile) } };
  };
  return s3ObjectStore({ send } as unknown as S3Client, 'bucket');
}

it('waits for a slow writer of the same name instead of giving up', async () => {
  expect(await contended(14, null).create('name', Buffer.from('ours'))).toBe(true);
  expect(await contended(14, 'theirs').create('name', Buffer.from('ours'))).toBe(false);
}, 30_000);
