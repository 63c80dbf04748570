/** Images that a request refers to: uploads, and objects in buckets on the tenant's list. */
import { RejectedError, TransientError } from '@cardseal/base/errors';
import type { ObjectSource, Side } from '@cardseal/core/job';
import {
  isAllowedSource,
  isUploadId,
  type ObjectSourceRule,
  SYSTEM_TENANT,
  type UploadId,
} from '@cardseal/core/ledger';
import type { ApiContext } from '../../context.ts';
import { Problem, type ProblemCode } from '../../http/problems/index.ts';
import type { Source } from './request-schema.ts';

export type Pointer = Exclude<Source, { image: string }>;

/** Throws Problem `source_not_allowed` or `source_unavailable` that names the side. */
export async function resolveSource(
  context: ApiContext,
  tenant: string,
  side: Side,
  source: Pointer,
  maxBytes: number,
): Promise<Buffer> {
  if ('upload_id' in source) {
    const bytes = isUploadId(source.upload_id)
      ? await context.ledger.intake.uploads.read(tenant, source.upload_id)
      : null;
    if (!bytes) throw sourceProblem('source_unavailable', `/${side}/upload_id`);
    return bytes;
  }
  await checkAllowed(context, tenant, side, source.object);
  try {
    return await context.ledger.intake.objectSources.read(source.object, maxBytes);
  } catch (error) {
    if (error instanceof RejectedError) throw sourceProblem('source_unavailable', `/${side}/object`);
    if (error instanceof TransientError) throw new Problem('store_unavailable');
    throw error;
  }
}

/** The uploads that an erasure of the job deletes too. */
export function uploadsOf(pointers: Partial<Record<Side, Pointer>>): UploadId[] {
  const ids = Object.values(pointers).flatMap((pointer) => ('upload_id' in pointer ? [pointer.upload_id] : []));
  return ids.filter(isUploadId);
}

export async function objectRules({ ledger }: ApiContext, tenant: string): Promise<readonly ObjectSourceRule[]> {
  return (await ledger.tenants.records.get(SYSTEM_TENANT, tenant))?.value.objectSources ?? [];
}

async function checkAllowed(context: ApiContext, tenant: string, side: Side, object: ObjectSource): Promise<void> {
  if (isAllowedSource(object, await objectRules(context, tenant))) return;
  throw sourceProblem('source_not_allowed', `/${side}/object`);
}

function sourceProblem(code: ProblemCode, pointer: string): Problem {
  const problem = new Problem(code);
  return new Problem(code, undefined, { errors: [{ pointer, code, detail: problem.message }] });
}
