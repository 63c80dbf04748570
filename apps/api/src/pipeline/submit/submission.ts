/** What was submitted, whichever of the three body forms it came in. */
import type { Side } from '@cardseal/core/job';
import type { JobTerms } from './request-schema.ts';
import type { Pointer } from './resolve-sources.ts';

export interface Submission {
  pictures: Partial<Record<Side, Buffer>>;
  terms: JobTerms;
  /** Sides whose picture is elsewhere still. */
  pointers: Partial<Record<Side, Pointer>>;
}
