/** Where a request that changes something comes from: a page of this admin, a program, another site, or unknown. */
import type { IncomingHttpHeaders } from 'node:http';

export type RequestOrigin = 'own' | 'foreign' | 'unknown';

/**
 * Programs send neither header. Browsers send at least one of them, and a page cannot forge it. `Origin: null` is what a
 * browser without `Sec-Fetch-Site` sends when a policy hides the origin, but also what a foreign page can cause.
 * @param host the `Host` header of the browser, with or without the default port of its scheme.
 */
export function originOf(headers: IncomingHttpHeaders, host: string): RequestOrigin {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none' ? 'own' : 'foreign';
  const { origin } = headers;
  if (origin === undefined) return 'own';
  if (origin === 'null') return 'unknown';
  if (!URL.canParse(origin)) return 'foreign';
  const { protocol, host: from } = new URL(origin);
  // Parse the host with the scheme of the origin, so that `host:443` equals `host` for https.
  const own = `${protocol}//${host}`;
  return from !== '' && URL.canParse(own) && new URL(own).host === from ? 'own' : 'foreign';
}
