/**
 * The closed list of checks with their codes and possible outcomes. `docs/use/checks.md` explains them; a test
 * compares the page with this list.
 */
import type { Side } from './fields.ts';

export type CheckOutcome = 'pass' | 'warn' | 'fail';

/** In the order in which a result lists them. */
export const CHECK_OUTCOMES = {
  image_status: ['pass', 'warn', 'fail'],
  side_match: ['pass', 'warn'],
  risk_type: ['pass', 'warn', 'fail'],
  edit_tool: ['pass', 'fail'],
  quality_clear: ['pass', 'warn'],
  quality_complete: ['pass', 'warn'],
  quality_uncovered: ['pass', 'warn'],
  fields_complete: ['warn'],
  fields_understood: ['warn'],
  number_checksum: ['pass', 'fail'],
  number_birth_date: ['pass', 'fail'],
  number_sex: ['pass', 'fail'],
  number_provider: ['pass', 'warn', 'fail'],
  residence_permit: ['pass', 'warn'],
  ethnicity_known: ['pass', 'warn'],
  name_shape: ['pass', 'warn'],
  validity_started: ['pass', 'fail'],
  validity_not_expired: ['pass', 'fail'],
  validity_length: ['pass', 'warn'],
  sides_consistent: ['pass', 'fail'],
} as const satisfies Record<string, readonly CheckOutcome[]>;

/** A policy cannot set these to `clear`: a value that Cardseal does not understand was not checked against anything. */
export const NEVER_CLEAR: readonly string[] = ['fields_understood'];

export type CheckCode = keyof typeof CHECK_OUTCOMES;
export const CHECK_CODES = Object.keys(CHECK_OUTCOMES) as CheckCode[];

export interface Check {
  code: CheckCode;
  outcome: CheckOutcome;
  /** The declared side for checks of the image, the card's side for checks of printed text. */
  side?: Side;
}
