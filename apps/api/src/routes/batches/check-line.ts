/** One line of a batch, checked as a single request would be, but for pictures that are read when its turn comes. */
import { isAllowedSource, isUploadId, type ObjectSourceRule } from '@cardseal/core/ledger';
import type { ApiContext } from '../../context.ts';
import { Problem } from '../../http/problems/index.ts';
import { checkEndpoints, inspectPictures, objectRules, type Submission } from '../../pipeline/submit/index.ts';
import type { JobRequestBody } from '../../pipeline/submit/request-schema.ts';
import type { ReadLine } from './read-line.ts';

export type CheckLine = (line: ReadLine) => Promise<JobRequestBody>;

/** The returned check throws Problem for a line that is refused. What it looks up it looks up once per batch. */
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
