/** Who is asking: the API key of a request, checked against the ledger at most two seconds behind it. */
import { parseApiKey, secretMatches } from '@cardseal/core/access';
import type { Clock } from '@cardseal/core/clock';
import type { ApiKeyRecord, Ledger, Scope, Versioned } from '@cardseal/core/ledger';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problems/index.ts';

/** Revocation and changes of scope must take hold within two seconds. */
const CACHE_TTL_MS = 1500;
const CACHE_SIZE = 10_000;

export interface Caller {
  tenant: string;
  apiKeyId: string;
  scopes: readonly Scope[];
}

export type Authenticate = (request: FastifyRequest, scope: Scope) => Promise<Caller>;

export function createAuthenticate(ledger: Ledger, clock: Clock): Authenticate {
  const cache = new Map<string, { record: Promise<Versioned<ApiKeyRecord> | null>; untilMs: number }>();

  function read(tenant: string, id: string): Promise<Versioned<ApiKeyRecord> | null> {
    const name = `${tenant}.${id}`;
    const cached = cache.get(name);
    if (cached && cached.untilMs > clock.now()) return cached.record;
    if (cache.size >= CACHE_SIZE) cache.clear();
    const record = ledger.apiKeys.get(tenant, id);
    cache.set(name, { record, untilMs: clock.now() + CACHE_TTL_MS });
    record.catch(() => cache.delete(name));
    return record;
  }

  return async (request, scope) => {
    const bearer = /^Bearer ([\x21-\x7e]{1,256})$/i.exec(request.headers.authorization ?? '')?.[1];
    const parsed = bearer === undefined ? null : parseApiKey(bearer);
    const record = parsed && (await read(parsed.tenant, parsed.id));
    if (!parsed || !record || !isLive(record.value, clock.now())) throw new Problem('unauthorized');
    if (!secretMatches(parsed.secret, record.value.secretSha256)) throw new Problem('unauthorized');
    if (!record.value.scopes.includes(scope)) throw new Problem('forbidden', `The key lacks the scope ${scope}.`);
    return { tenant: parsed.tenant, apiKeyId: parsed.id, scopes: record.value.scopes };
  };
}

function isLive(record: ApiKeyRecord, nowMs: number): boolean {
  return record.revokedAtMs === null && (record.expiresAtMs === null || record.expiresAtMs > nowMs);
}
