/** Turns the request about an endpoint into its record, and refuses invalid settings. */
import { CardsealError } from '@cardseal/base/errors';
import type { EndpointRecord } from '@cardseal/core/ledger';
import { sentenceOf } from '@cardseal/core/validation';
import { newSecret, readEndpointHeaders, validateRecipientKey } from '@cardseal/webhook';
import type { z } from 'zod';
import type { ApiContext } from '../../context.ts';
import type { Caller } from '../../http/auth/index.ts';
import { Problem, validated } from '../../http/problems/index.ts';
import { endpointChangeSchema, endpointSchema } from './schema.ts';

export function readEndpoint({ clock, guard }: ApiContext, caller: Caller, body: unknown): EndpointRecord {
  const { url, events, payload, public_key, headers, max_rate, expires_in } = parse(endpointSchema, body);
  mayReceive(caller, payload);
  guard.checkUrl(url);
  return {
    url,
    events,
    payload,
    publicKey: public_key === null ? null : recipientKey(public_key),
    headers: ownHeaders(headers),
    state: 'enabled',
    secrets: [{ secret: newSecret(), untilMs: null }],
    createdAtMs: clock.now(),
    maxRate: max_rate,
    expiresAtMs: expiryOf(expires_in, clock.now()),
  };
}

/** The change as a function of the record that exists when it is written. */
export function readChange({ clock, guard }: ApiContext, caller: Caller, body: unknown) {
  const { url, payload, public_key, headers, max_rate, expires_in, events } = parse(endpointChangeSchema, body);
  if (url !== undefined) guard.checkUrl(url);
  const nowMs = clock.now();
  const key = public_key && recipientKey(public_key);
  const own = headers && ownHeaders(headers);
  return (value: EndpointRecord): EndpointRecord => {
    const next = {
      ...value,
      ...(url === undefined ? {} : { url }),
      ...(events === undefined ? {} : { events }),
      ...(payload === undefined ? {} : { payload }),
      ...(key === undefined ? {} : { publicKey: key }),
      ...(own === undefined ? {} : { headers: own }),
      ...(max_rate === undefined ? {} : { maxRate: max_rate }),
      ...(expires_in === undefined ? {} : { expiresAtMs: expiryOf(expires_in, nowMs) }),
    };
    // A key that may change the target of results may also read them.
    if (url !== undefined || payload !== undefined || key !== undefined) mayReceive(caller, next.payload);
    if ((next.payload === 'encrypted') !== (next.publicKey !== null)) {
      throw invalid('/public_key', 'belongs to payload `encrypted`, which cannot be without it');
    }
    return next;
  };
}

export function parse<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  return validated(schema, body ?? {});
}

function expiryOf(expiresInS: number | null, nowMs: number): number | null {
  return expiresInS === null ? null : nowMs + expiresInS * 1000;
}

function mayReceive(caller: Caller, payload: EndpointRecord['payload']): void {
  if (payload === 'reference' || caller.scopes.includes('results:read')) return;
  throw new Problem('forbidden', 'An endpoint that receives results needs a key with the scope results:read.');
}

/** The public members as a JWK: unknown members are not stored. */
function recipientKey(input: unknown): string {
  const { jwk, kid } = validateRecipientKey(input);
  return JSON.stringify(kid === undefined ? jwk : { ...jwk, kid });
}

const HEADER_PROBLEMS: Record<string, string> = {
  too_many: 'holds at most 16 headers',
  twice: 'names a header twice',
  reserved: 'names a header that is set by us',
  name: 'has a name that is no header name',
  value: 'has a value that is no header value',
};

function ownHeaders(headers: Record<string, string>): Record<string, string> {
  try {
    return readEndpointHeaders(headers);
  } catch (error) {
    const problem = error instanceof CardsealError ? String(error.fields.problem) : '';
    throw invalid('/headers', HEADER_PROBLEMS[problem] ?? 'cannot be used');
  }
}

export function invalid(pointer: string, detail: string): Problem {
  return new Problem('invalid_request', undefined, {
    errors: [{ pointer, code: 'custom', detail: sentenceOf(detail) }],
  });
}
