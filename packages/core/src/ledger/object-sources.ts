/**
 * Pictures that lie in customers' own buckets. They are read where the tenant's list allows it and never written;
 * erasure does not reach them.
 */
import { GetObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { RejectedError, TransientError } from '../errors/index.ts';
import type { ObjectSource } from '../job/index.ts';
import type { ObjectSourceRule } from './registry.ts';

export interface ObjectSources {
  /**
   * Throws RejectedError `source_unavailable` (no such object or version, no permission, more than `maxBytes`) or
   * TransientError `source_unreachable`.
   */
  read(source: ObjectSource, maxBytes: number): Promise<Buffer>;
}

export function isAllowedSource({ bucket, key }: ObjectSource, rules: readonly ObjectSourceRule[]): boolean {
  return rules.some((rule) => rule.bucket === bucket && key.startsWith(rule.prefix));
}

/** Where no store is configured that could have any. */
export const noObjectSources: ObjectSources = {
  read: async () => {
    throw new RejectedError('source_unavailable');
  },
};

export function s3ObjectSources(client: S3Client): ObjectSources {
  return {
    async read({ bucket, key, version_id }, maxBytes) {
      try {
        const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: version_id }));
        if ((answer.ContentLength ?? 0) > maxBytes) throw new RejectedError('source_unavailable');
        return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
      } catch (error) {
        if (error instanceof RejectedError) throw error;
        const status = error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0;
        if (status >= 400 && status < 500) throw new RejectedError('source_unavailable', { cause: error });
        throw new TransientError('source_unreachable', { cause: error });
      }
    },
  };
}
