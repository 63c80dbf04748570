/** What a failed call tells the pacer about its credential. */
import type { UpstreamClass } from '@cardseal/core/baidu';
import { CardsealError } from '@cardseal/core/errors';
import type { OutcomeKind } from '@cardseal/core/pacing';

const KINDS: Partial<Record<UpstreamClass, OutcomeKind>> = {
  qps: 'refused_qps',
  daily_quota: 'daily_quota',
  total_quota: 'total_quota',
  configuration: 'configuration',
};

export function settlementOf(error: unknown): OutcomeKind {
  if (!(error instanceof CardsealError)) return 'failed';
  return KINDS[error.fields.upstreamClass as UpstreamClass] ?? 'failed';
}
