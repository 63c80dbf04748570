/**
 * Deletes objects of an S3 bucket, many in one request where the store takes such a request and one by one where it
 * refuses. Every store deletes single objects. DeleteObjects differs: several stores demand `Content-MD5` for it, which
 * current SDKs do not send by themselves, and some do not implement it.
 */
import { createHash } from 'node:crypto';
import { DeleteObjectCommand, DeleteObjectsCommand, type S3Client } from '@aws-sdk/client-s3';

/** The most objects that S3 accepts in one request. */
const MOST_KEYS = 1000;
const PARALLEL = 16;
/** After a refusal, single deletions replace the request for this time. */
const REFUSED_FOR_MS = 10 * 60_000;

export type DeleteObjects = (keys: readonly string[]) => Promise<void>;

/** The returned function rejects with the SDK's error if an object remains; the others are deleted all the same. */
export function deleteObjects(client: S3Client, Bucket: string, now = () => performance.now()): DeleteObjects {
  let refusedAtMs = Number.NEGATIVE_INFINITY;

  /** Returns the keys that must still be deleted one by one. */
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
    // Most calls delete one object, and that request has no document to write, hash and parse.
    if (keys.length === 1) return deleteSingly(keys);
    for (let at = 0; at < keys.length; at += MOST_KEYS) {
      await deleteSingly(await deleteTogether(keys.slice(at, at + MOST_KEYS)));
    }
  };
}

/**
 * Sends `Content-MD5` instead of the SDK's own checksum header: the first S3 API defined the request this way, and
 * every store knows it. Both digests protect the list of keys in transit.
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

/** For a missing object most stores respond 204, some 404. Every deletion here may be repeated. */
function isAbsent(error: unknown): boolean {
  return statusOf(error) === 404 && (error as { name?: string }).name !== 'NoSuchBucket';
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
}

/** Statuses that mean "not now". Any other status may mean that the store lacks DeleteObjects. */
const PASSING = new Set([408, 425, 429]);

/**
 * Whether the store responded and neither failed nor throttled: a body that is no DeleteResult also counts as a
 * refusal.
 */
function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined || PASSING.has(status)) return false;
  return status < 500 || status === 501;
}
