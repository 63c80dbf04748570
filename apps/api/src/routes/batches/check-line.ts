/** Checks one line of a batch like a single request, except images that a worker reads later. */
import { isAllowedSource, isUploadId, type ObjectSourceRule } from '@cardseal/core/ledger';
import type { ApiContext } from '../../context.ts';
import { Problem } from '../../http/problems/index.ts';
import { checkEndpoints, inspectPictures, objectRules, type Submission } from '../../pipeline/submit/index.ts';
import type { JobRequestBody } from '../../pipeline/submit/request-schema.ts';
import type { ReadLine } from './read-line.ts';

export type CheckLine = (line: ReadLine) => Promise<JobRequestBody>;

/** The returned function throws Problem for a refused line. It reads each endpoint and source list once per batch. */
export function createLineCheck(context: ApiContext, tenant: string): CheckLine {
  let rules: Promise<readonly ObjectSourceRule[]> | undefined;
  const knownEndpoints = new Map<string, Promise<void>>();

  async function checkPointers({ pointers }: Submission): Promise<void> {
    for (const pointer of Object.values(pointers)) {
      if ('object' in pointer) {
        rules ??= objectRules(context, tenant);
        if (!isAllowedSource(pointer.object, await rules)) throw new Problem('source_not_allowed');
      } else if (
        !isUploadId(pointer.upload_id) ||
        !(await context.ledger.intake.uploads.isComplete(tenant, pointer.upload_id))
      ) {
        throw new Problem('source_unavailable');
      }
    }
  }

  return async ({ line }) => {
    if (line instanceof Problem) throw line;
    const { request, submission } = line;
    inspectPictures(submission, context.config);
    await checkPointers(submission);
    const ids = JSON.stringify(request.endpoint_ids);
    if (!knownEndpoints.has(ids)) knownEndpoints.set(ids, checkEndpoints(context, tenant, request.endpoint_ids));
    await knownEndpoints.get(ids);
    return request;
  };
}
