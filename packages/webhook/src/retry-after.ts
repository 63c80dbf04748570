/** Reads `Retry-After`, in seconds or as an HTTP date. Pure; an invalid header counts as absent. */

/** The longest a receiver may ask an endpoint to be held. */
export const MAX_RETRY_AFTER_MS = 24 * 3_600_000;

const HTTP_DATE = /^[A-Za-z]{3,9},? .{10,28}GMT$/;

/** Milliseconds from `nowMs`, at least 0 and at most 24 h; `undefined` when absent or unreadable. */
export function parseRetryAfter(header: string | string[] | undefined, nowMs: number): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!text) return undefined;
  if (/^\d{1,12}$/.test(text)) return Math.min(Number(text) * 1000, MAX_RETRY_AFTER_MS);
  if (!HTTP_DATE.test(text)) return undefined;
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs)) return undefined;
  return Math.min(Math.max(0, atMs - nowMs), MAX_RETRY_AFTER_MS);
}
