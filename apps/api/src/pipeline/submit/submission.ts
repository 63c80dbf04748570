/** A submission, in the same form for all three body forms. */
import type { Side } from '@cardseal/core/job';
import type { JobTerms } from './request-schema.ts';
import type { Pointer } from './resolve-sources.ts';

export interface Submission {
  pictures: Partial<Record<Side, Buffer>>;
  terms: JobTerms;
  /** Sides whose image must still be fetched. */
  pointers: Partial<Record<Side, Pointer>>;
}
