/** One line of a batch, checked as a single request would be, but for pictures that are read when its turn comes. */
import { isAllowedSource, isUploadId, type ObjectSourceRule } from '@cardseal/core/ledger';
import type { ApiContext } from '../context.ts';
import { parseJson } from '../json/index.ts';
import { fromZod, Problem } from '../problems/index.ts';
import { checkEndpoints, fromRequest, inspectPictures, objectRules } from '../submit/index.ts';
import { type JobRequestBody, jobRequestSchema } from '../submit/request-schema.ts';

export type CheckLine = (text: string) => Promise<JobRequestBody>;

/** The returned check throws Problem for a line that is refused. What it looks up it looks up once per batch. */
export function createLineCheck(context: ApiContext, tenant: string): CheckLine {
  let rules: Promise<readonly ObjectSourceRule[]> | undefined;
  const knownEndpoints = new Map<string, Promise<void>>();

  async function checkPointers({ pointers }: ReturnType<typeof fromRequest>): Promise<void> {
    for (const pointer of Object.values(pointers)) {
      if ('object' in pointer) {
        rules ??= objectRules(context, tenant);
        if (!isAllowedSource(pointer.object, await rules)) throw new Problem('source_not_allowed');
      } else if (
        !isUploadId(pointer.upload_id) ||
        !(await context.ledger.uploads.isComplete(tenant, pointer.upload_id))
      ) {
        throw new Problem('source_unavailable');
      }
    }
  }

  return async (text) => {
    const parsed = jobRequestSchema.safeParse(parseJson(text, 'The line is not JSON.'));
    if (!parsed.success) throw fromZod(parsed.error);
    if (!parsed.data.front && !parsed.data.back) {
      throw new Problem('invalid_request', 'A job needs a picture of at least one side.');
    }
    const submission = fromRequest(parsed.data);
    inspectPictures(submission, context.config);
    await checkPointers(submission);
    const ids = JSON.stringify(parsed.data.endpoint_ids);
    if (!knownEndpoints.has(ids)) knownEndpoints.set(ids, checkEndpoints(context, tenant, parsed.data.endpoint_ids));
    await knownEndpoints.get(ids);
    return parsed.data;
  };
}
