/**
 * Deletes objects of an S3 bucket, many in one request where the store takes such a request and one by one where it
 * refuses. Every store deletes single objects. DeleteObjects differs: several stores demand `Content-MD5` for it, which
 * current SDKs do not send by themselves, and some do not implement it.
 */
import { createHash } from 'node:crypto';
import { DeleteObjectCommand, DeleteObjectsCommand, type S3Client } from '@aws-sdk/client-s3';

/** The most that S3 takes in one request. */
const MOST_KEYS = 1000;
const PARALLEL = 16;
/** After a refusal, single deletions replace the request for this time. */
const REFUSED_FOR_MS = 10 * 60_000;

export type DeleteObjects = (keys: readonly string[]) => Promise<void>;

/** The returned function rejects with the SDK's error if an object remains; the others are deleted all the same. */
export function deleteObjects(client: S3Client, Bucket: string, now = () => performance.now()): DeleteObjects {
  let refusedAtMs = Number.NEGATIVE_INFINITY;

  /** Returns the keys that are still to be deleted, one by one. */
  async function deleteTogether(keys: readonly string[]): Promise<readonly string[]> {
    if (now() - refusedAtMs < REFUSED_FOR_MS) return keys;
    try {
      const Objects = keys.map((Key) => ({ Key }));
      const command = new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } });
      const { Errors = [] } = await client.send(withContentMd5(command));
      // A store may omit the name of a failed key. Then only a DELETE of each object shows whether it can be deleted.
      if (Errors.some(({ Key }) => Key === undefined)) return keys;
      const failed = new Set(Errors.map(({ Key }) => Key));
      return keys.filter((key) => failed.has(key));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refusedAtMs = now();
      return keys;
    }
  }

  async function deleteSingly(keys: readonly string[]): Promise<void> {
    const left = [...keys];
    const failures: unknown[] = [];
    const work = async () => {
      for (let Key = left.pop(); Key !== undefined; Key = left.pop()) {
        await client.send(new DeleteObjectCommand({ Bucket, Key })).catch((error) => {
          if (!isAbsent(error)) failures.push(error);
        });
      }
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL, left.length) }, work));
    if (failures.length > 0) throw failures[0];
  }

  return async (keys) => {
    // One object is by far the common case, and its request has no document to write, sum and read.
    if (keys.length === 1) return deleteSingly(keys);
    for (let at = 0; at < keys.length; at += MOST_KEYS) {
      await deleteSingly(await deleteTogether(keys.slice(at, at + MOST_KEYS)));
    }
  };
}

/**
 * `Content-MD5` in place of the SDK's own checksum header: this is the request of the first S3 API, which every store
 * knows. Both digests protect the list of keys against a change on the way.
 */
function withContentMd5(command: DeleteObjectsCommand): DeleteObjectsCommand {
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string>; body?: string | Uint8Array };
      for (const name of Object.keys(request.headers)) {
        if (/^x-amz-(checksum-|sdk-checksum-)/i.test(name)) delete request.headers[name];
      }
      request.headers['content-md5'] = createHash('md5')
        .update(request.body ?? '')
        .digest('base64');
      return next(args);
    },
    // Low priority: after the middleware of the SDK that adds its checksum.
    { step: 'build', priority: 'low', name: 'cardsealContentMd5' },
  );
  return command;
}

/** Most stores answer 204 for an object that is not there, some 404. Every deletion here may be repeated. */
function isAbsent(error: unknown): boolean {
  return statusOf(error) === 404 && (error as { name?: string }).name !== 'NoSuchBucket';
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
}

/** Statuses that say "not now". Everything else that a store answers may be its way to say that it lacks DeleteObjects. */
const PASSING = new Set([408, 425, 429]);

/** Whether a store answered, and neither failed nor throttled: a body that is no DeleteResult counts as a refusal, too. */
function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined || PASSING.has(status)) return false;
  return status < 500 || status === 501;
}
