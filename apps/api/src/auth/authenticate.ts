/** Who is asking: the API key of a request, checked against the ledger at most two seconds behind it. */
import { parseApiKey, secretMatches } from '@cardseal/core/access';
import type { Clock } from '@cardseal/core/clock';
import type { ApiKeyRecord, KeyLimits, Ledger, Scope, Versioned } from '@cardseal/core/ledger';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { Problem } from '../problems/index.ts';

/** Revocation and changes of scope must take hold within two seconds. */
const CACHE_TTL_MS = 1500;
const CACHE_SIZE = 10_000;

export interface Caller {
  tenant: string;
  apiKeyId: string;
  scopes: readonly Scope[];
  limits?: KeyLimits | undefined;
}

export type Authenticate = (request: FastifyRequest, scope: Scope) => Promise<Caller>;

/** @param admit is asked once the key is known: it throws for a key over its limits, or for what was done before. */
export function createAuthenticate(
  ledger: Ledger,
  clock: Clock,
  admit: (request: FastifyRequest, caller: Caller) => Promise<void>,
): Authenticate {
  // Unknown keys are remembered too, so that guessing does not become requests to the store.
  const records = new LRUCache<string, { record: Versioned<ApiKeyRecord> | null }>({
    max: CACHE_SIZE,
    ttl: CACHE_TTL_MS,
    fetchMethod: async (name) => {
      const [tenant, id] = name.split('.') as [string, string];
      return { record: await ledger.apiKeys.get(tenant, id) };
    },
  });

  return async (request, scope) => {
    const bearer = /^Bearer ([\x21-\x7e]{1,256})$/i.exec(request.headers.authorization ?? '')?.[1];
    const parsed = bearer === undefined ? null : parseApiKey(bearer);
    const record = parsed && (await records.forceFetch(`${parsed.tenant}.${parsed.id}`)).record;
    if (!parsed || !record || !isLive(record.value, clock.now())) throw new Problem('unauthorized');
    if (!secretMatches(parsed.secret, record.value.secretSha256)) throw new Problem('unauthorized');
    if (!record.value.scopes.includes(scope)) throw new Problem('forbidden', `The key lacks the scope ${scope}.`);
    const { scopes, limits } = record.value;
    const caller = { tenant: parsed.tenant, apiKeyId: parsed.id, scopes, limits };
    await admit(request, caller);
    return caller;
  };
}

function isLive(record: ApiKeyRecord, nowMs: number): boolean {
  return record.revokedAtMs === null && (record.expiresAtMs === null || record.expiresAtMs > nowMs);
}
