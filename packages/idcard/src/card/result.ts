/**
 * The result as users get it: the merged card, what each image said, the checks and the verdict. Everything in it is
 * JSON. It has the positions of portrait and crop; their bytes are separate objects.
 */
import type { Check } from './checks.ts';
import type { CardFields, Side } from './fields.ts';
import { mergeSides } from './merge.ts';
import type { Box, SideReading } from './reading.ts';
import { runChecks } from './run-checks.ts';
import { decideVerdict, type Verdict, type VerdictPolicy } from './verdict-policy.ts';

/** The changes to an image before it was sent, in the fitter's format. JSON, without personal data. */
export type Adjusted = unknown;

const SHOWN_KEYS = [
  'image_status',
  'direction',
  'risk',
  'quality',
  'number_check',
  'fields',
  'log_id',
  'provider',
] as const satisfies readonly (keyof SideReading)[];

export type SideResult = Pick<SideReading, (typeof SHOWN_KEYS)[number]> & {
  adjusted?: Adjusted;
  /** The positions of portrait and card, in pixels of the image that was sent, like the boxes of fields. */
  portrait?: { box: Box };
  card?: { box: Box };
};

export interface Result {
  card: Partial<CardFields>;
  /** By the declared side of each image. */
  sides: Partial<Record<Side, SideResult>>;
  checks: Check[];
  verdict: Verdict;
}

export interface ResultContext {
  /** ISO date in Asia/Shanghai: the day on which the result is decided. */
  today: string;
  policy: VerdictPolicy;
  adjusted?: Partial<Record<Side, Adjusted>>;
}

function sideResult(reading: SideReading, adjusted: Adjusted): SideResult {
  const shown = SHOWN_KEYS.filter((key) => reading[key] !== undefined).map((key) => [key, reading[key]]);
  return {
    ...(Object.fromEntries(shown) as SideResult),
    ...(reading.portrait?.box && { portrait: { box: reading.portrait.box } }),
    ...(reading.crop?.box && { card: { box: reading.crop.box } }),
    ...(adjusted === undefined || adjusted === null ? {} : { adjusted }),
  };
}

/** One reading per declared side, in any order; missing data is absent, never `null`. */
export function buildResult(readings: readonly SideReading[], { today, policy, adjusted }: ResultContext): Result {
  const inOrder = readings.toSorted(
    (a, b) => (a.declaredSide === 'front' ? 0 : 1) - (b.declaredSide === 'front' ? 0 : 1),
  );
  const checks = runChecks(inOrder, { today, thresholds: policy.thresholds });
  const sides = inOrder.map((reading) => [reading.declaredSide, sideResult(reading, adjusted?.[reading.declaredSide])]);
  return {
    card: mergeSides(inOrder).card,
    sides: Object.fromEntries(sides),
    checks,
    verdict: decideVerdict(checks, policy),
  };
}
