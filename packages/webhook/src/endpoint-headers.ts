/**
 * Checks the extra headers of an endpoint at registration. Every webhook carries them. They may name the customer's own things;
 * they must never speak for the connection, the signature, or another host.
 */
import { RejectedError } from '@cardseal/base/errors';

const MAX_HEADERS = 16;
const MAX_VALUE_LENGTH = 1024;
const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
const VISIBLE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;
/** `host` would reach another site behind a permitted address; the others change where a message ends. */
const RESERVED: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'user-agent',
]);
const RESERVED_PREFIXES = ['webhook-', 'proxy-', 'x-forwarded-', ':'];

/**
 * The headers with lower-case names.
 * @throws RejectedError `webhook_headers_invalid`; `fields.problem` says why, without name or value.
 */
export function readEndpointHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  if (entries.length > MAX_HEADERS) throw invalid('too_many');
  if (new Set(entries.map(([name]) => name)).size < entries.length) throw invalid('twice');
  for (const [name, value] of entries) {
    if (RESERVED.has(name) || RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix))) throw invalid('reserved');
    if (!TOKEN.test(name)) throw invalid('name');
    if (value.length > MAX_VALUE_LENGTH || !VISIBLE.test(value)) throw invalid('value');
  }
  return Object.fromEntries(entries);
}

function invalid(problem: 'too_many' | 'twice' | 'reserved' | 'name' | 'value'): RejectedError {
  return new RejectedError('webhook_headers_invalid', { fields: { problem } });
}
