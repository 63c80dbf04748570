/**
 * Maps a failed call, or a failed preparation of one, to a report to the pacer about its credential, and applies the
 * pacer's verdict to the error. Codes and classes decide, never message texts.
 */

import { CardsealError, ThrottledError, TransientError } from '@cardseal/base/errors';
import type { UpstreamClass } from '@cardseal/core/provider';
import { type OutcomeKind, PROVIDER_OUTAGE, type Trouble, type Verdict } from '@cardseal/pacer';

const KINDS: Partial<Record<UpstreamClass, OutcomeKind>> = {
  qps: 'refused_qps',
  daily_quota: 'daily_quota',
  total_quota: 'total_quota',
  configuration: 'configuration',
  // The provider works: it assessed the image or the request.
  rejected: 'answered',
  maybe_crypto: 'answered',
  defect: 'answered',
};

export function settlementOf(error: unknown): OutcomeKind {
  if (!(error instanceof CardsealError)) return 'failed';
  return KINDS[error.fields.upstreamClass as UpstreamClass] ?? 'failed';
}

/**
 * Classes that count as provider problems. One image may cause those with a provider code; a transport error has none.
 */
const IMAGE_CLASSES: ReadonlySet<unknown> = new Set(['transient', 'overload', 'unknown', 'crypto']);
const LOCAL_CODES: ReadonlySet<string> = new Set(['key_wrapper_stopped']);

/**
 * What the error says about the provider; undefined when it says nothing, as the rejection of an image does.
 * @param image identifies the image.
 */
export function troubleOf(error: unknown, image: string): Trouble | undefined {
  if (!(error instanceof TransientError) || LOCAL_CODES.has(error.code)) return undefined;
  const { upstreamClass, providerCode, errno } = error.fields;
  const cause = typeof errno === 'string' ? `${error.code} ${errno}` : error.code;
  if (error.code.startsWith('key_wrapper_')) return { scope: 'provider', cause, image };
  if (!IMAGE_CLASSES.has(upstreamClass)) return undefined;
  const fromImage = providerCode !== undefined || upstreamClass === 'crypto';
  return { scope: fromImage ? 'image' : 'provider', cause, image };
}

/**
 * The error for the job. A failure of a known outage spends no attempt. Any other one stores its run of problems, so
 * that the attempt can be given back if that run becomes an outage. `wide`: no image can be the cause.
 */
export function judged(error: unknown, verdict: Verdict & { credentialId: string; probe: boolean }): unknown {
  if (!(error instanceof CardsealError)) return error;
  const { held, run, credentialId: credential, probe } = verdict;
  if (held) return new ThrottledError(PROVIDER_OUTAGE, 0, { cause: error, fields: { ...error.fields, probe } });
  if (run === 0 || !(error instanceof TransientError)) return error;
  const wide = troubleOf(error, '')?.scope === 'provider';
  return new TransientError(error.code, { cause: error.cause, fields: { ...error.fields, credential, run, wide } });
}
