import { DeleteObjectsCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { s3ObjectStore } from './s3-object-store.ts';

const answerOf = (status: number, name = 'Refused') =>
  new S3ServiceException({ name, $fault: 'client', $metadata: { httpStatusCode: status } });

interface Store {
  /** Thrown or returned for DeleteObjects. */
  together: () => unknown;
  /** Keys whose own DELETE fails. */
  stuck?: string[];
}

function storeThat({ together, stuck = [] }: Store) {
  const sent: string[] = [];
  const send = async (command: { input: { Key?: string } }) => {
    if (command instanceof DeleteObjectsCommand) {
      sent.push('together');
      return together();
    }
    sent.push(command.input.Key!);
    if (stuck.includes(command.input.Key!)) throw answerOf(500);
    return {};
  };
  return { sent, store: s3ObjectStore({ send } as unknown as S3Client, 'bucket') };
}

const refuse = (error: unknown) => () => {
  throw error;
};

describe('the deletion of several objects', () => {
  it.each([
    [400, 'MissingContentMD5'],
    [400, 'InvalidRequest'],
    [403, 'AccessDenied'],
    [405, 'MethodNotAllowed'],
    [411, 'MissingContentLength'],
    [501, 'NotImplemented'],
  ])('falls back to single deletions on %i %s, and does not ask such a store again at once', async (status, name) => {
    const { sent, store } = storeThat({ together: refuse(answerOf(status, name)) });
    await store.delete(['a', 'b']);
    await store.delete(['c', 'd']);
    expect(sent.filter((request) => request === 'together')).toHaveLength(1);
    expect(sent.slice(1).sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('falls back when a 200 has an invalid body', async () => {
    const unread = Object.assign(new SyntaxError('not XML'), { $metadata: { httpStatusCode: 200 } });
    const { sent, store } = storeThat({ together: refuse(unread) });
    await store.delete(['a', 'b']);
    expect(sent.slice(1).sort()).toEqual(['a', 'b']);
  });

  it('deletes what failed inside a 200 once more, one by one', async () => {
    const { sent, store } = storeThat({ together: () => ({ Errors: [{ Key: 'b', Code: 'InternalError' }] }) });
    await store.delete(['a', 'b', 'c']);
    expect(sent).toEqual(['together', 'b']);
  });

  it('does not take a store that fails or throttles for one that refuses', async () => {
    for (const status of [429, 500, 503]) {
      const { sent, store } = storeThat({ together: refuse(answerOf(status)) });
      await expect(store.delete(['a', 'b'])).rejects.toMatchObject({ code: 'store_unavailable' });
      expect(sent).toEqual(['together']);
    }
  });

  it('says that an object stays, and deletes all others', async () => {
    const { sent, store } = storeThat({ together: refuse(answerOf(501)), stuck: ['b'] });
    await expect(store.delete(['a', 'b', 'c'])).rejects.toMatchObject({
      code: 'store_unavailable',
      fields: { operation: 'delete', status: 500 },
    });
    expect(sent.slice(1).sort()).toEqual(['a', 'b', 'c']);
  });

  it('takes 404 as success for a deleted object, and not for a missing bucket', async () => {
    const absent = (name: string) =>
      s3ObjectStore({ send: async () => refuse(answerOf(404, name))() } as unknown as S3Client, 'bucket');
    await absent('NoSuchKey').delete(['a']);
    await absent('NoSuchKey').delete(['a', 'b']);
    for (const keys of [['a'], ['a', 'b']]) {
      await expect(absent('NoSuchBucket').delete(keys)).rejects.toMatchObject({ code: 'store_unavailable' });
    }
  });
});
