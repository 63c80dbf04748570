/** The content of a submission as one text, equal for every way to write the same request. */
import { createHash } from 'node:crypto';
import { SIDES } from '@cardseal/core/job';
import { canonicalJson, withoutDefaults } from '../../http/idempotency/canonical.ts';
import { jobTermsSchema } from './request-schema.ts';
import type { Submission } from './submission.ts';

/** Defaults are left out, so that an option that a later version adds does not change the meaning of older requests. */
const DEFAULTS = jobTermsSchema.parse({});

/** Images count by their bytes, whether they came as base64, as a part or alone. */
export function meaningOf({ pictures, pointers, terms }: Submission): string {
  const endpointIds = terms.endpoint_ids && [...new Set(terms.endpoint_ids)].sort();
  const sources = SIDES.map((side) => {
    const image = pictures[side];
    return image ? createHash('sha256').update(image).digest('hex') : (pointers[side] ?? null);
  });
  return canonicalJson({ terms: withoutDefaults({ ...terms, endpoint_ids: endpointIds }, DEFAULTS), sources });
}
