/**
 * Failure codes that no retry of the same job can change: the image itself was refused, or it is gone. Used where many
 * jobs are retried at once and only their codes are known; a single retry stays possible.
 */
import { PROVIDER_ERRORS, TRANSPORT_ERRORS, type UpstreamError } from '../baidu/index.ts';
import { imageReasons } from '../image/index.ts';

/** `maybe_crypto` ends as a refusal after its one repetition with a fresh key. */
const REFUSALS: ReadonlySet<string> = new Set(['rejected', 'maybe_crypto']);

const rows = [...Object.values(PROVIDER_ERRORS), ...Object.values(TRANSPORT_ERRORS)] as UpstreamError[];

const FINAL: ReadonlySet<string> = new Set([
  ...rows.filter(({ upstreamClass }) => REFUSALS.has(upstreamClass)).map(({ code }) => code),
  ...imageReasons,
  'image_unusable',
  'image_rejected',
  'picture_missing',
]);

export function isFinalFailure(code: string): boolean {
  return FINAL.has(code);
}
