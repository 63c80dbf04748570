/**
 * Reads a customer's target URL and refuses every form that has no business in a webhook, before any name is looked
 * up. It checks syntax only: the guard checks addresses when it dials.
 */
import { isIP } from 'node:net';
import { RejectedError } from '@cardseal/base/errors';

/** The rule that refused the target. `host` is a name that DNS does not allow, `name` one that is not public. */
export type TargetRule = 'syntax' | 'scheme' | 'userinfo' | 'fragment' | 'port' | 'host' | 'name' | 'address';

export interface Target {
  url: URL;
  /** Without brackets and in canonical form: `127.0.0.1` for `0x7f.1`. */
  host: string;
  port: number;
  literal: boolean;
  /** A rule that only a target on the lists may break. */
  breaks: TargetRule | undefined;
}

const MAX_URL_LENGTH = 2048;

/** Zones that name servers answer inside an organisation, never in public. */
const PRIVATE_ZONES: ReadonlySet<string> = new Set([
  'internal',
  'local',
  'localhost',
  'localdomain',
  'svc',
  'lan',
  'intranet',
  'corp',
  'home',
  'private',
  'arpa',
  'onion',
  'invalid',
]);

/** DNS and wildcard certificates allow `_`, and such hosts exist. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** The one refusal there is; `fields.rule` is for us. */
export function targetRefused(rule: TargetRule): RejectedError {
  return new RejectedError('webhook_target_refused', { fields: { rule } });
}

/**
 * @throws RejectedError `webhook_target_refused` for what no setting allows. Softer breaches (plain http, another
 * port, a private name) are left in `breaks`, for the guard to decide.
 */
export function readTarget(text: string, allowedPorts: ReadonlySet<number>): Target {
  const url = parse(text);
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  const literal = isIP(host) !== 0;
  if (!literal && !isWellFormedName(host)) throw targetRefused('host');
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return { url, host, port, literal, breaks: softBreach(url, host, port, literal, allowedPorts) };
}

function parse(text: string): URL {
  if (text.length > MAX_URL_LENGTH) throw targetRefused('syntax');
  // The URL parser drops tabs and line ends, and reads a backslash as a slash: readers then disagree on the host.
  if (/[\p{Cc}\p{Cf}\p{Z}\\]/u.test(text)) throw targetRefused('syntax');
  const match = /^(https?):\/\/([^/?#]+)/i.exec(text);
  if (!match) throw targetRefused(/^https?:/i.test(text) ? 'syntax' : 'scheme');
  // An empty userinfo or fragment vanishes when parsed, so the text itself is asked.
  if (match[2]?.includes('@')) throw targetRefused('userinfo');
  if (text.includes('#')) throw targetRefused('fragment');
  try {
    return new URL(text);
  } catch {
    throw targetRefused('syntax');
  }
}

/** @param host in lower case, as the URL parser gives it. */
export function isWellFormedName(host: string): boolean {
  // A trailing dot names the same host with another text, which certificates and lists do not expect.
  return host.length <= 253 && host.split('.').every((label) => LABEL.test(label));
}

function softBreach(
  url: URL,
  host: string,
  port: number,
  literal: boolean,
  allowedPorts: ReadonlySet<number>,
): TargetRule | undefined {
  if (url.protocol !== 'https:') return 'scheme';
  if (!literal && isPrivateName(host)) return 'name';
  if (!allowedPorts.has(port)) return 'port';
  return undefined;
}

/** Whether the name is one that public DNS does not answer. */
export function isPrivateName(host: string): boolean {
  const labels = host.split('.');
  return labels.length < 2 || PRIVATE_ZONES.has(labels.at(-1) ?? '');
}
