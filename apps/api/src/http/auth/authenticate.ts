/** Authenticates a request by its API key. The key's record is at most two seconds old. */

import type { Clock } from '@cardseal/base/clock';
import { parseApiKey, secretMatches } from '@cardseal/core/access';
import type { ApiKeyRecord, KeyLimits, Ledger, Scope } from '@cardseal/core/ledger';
import type { Log } from '@cardseal/core/log';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problems/index.ts';
import { createKeyRecords } from './key-records.ts';

export interface Caller {
  tenant: string;
  apiKeyId: string;
  scopes: readonly Scope[];
  limits?: KeyLimits | undefined;
}

export type Authenticate = (request: FastifyRequest, scope: Scope) => Promise<Caller>;

/**
 * @param admit called once the key is known. It throws for a key over its limits, or when the response was stored
 * before.
 */
export function createAuthenticate(
  ledger: Ledger,
  clock: Clock,
  admit: (request: FastifyRequest, caller: Caller) => Promise<void>,
  log: Pick<Log, 'warn'>,
): Authenticate {
  const records = createKeyRecords(ledger, clock, log);

  return async (request, scope) => {
    const bearer = /^Bearer ([\x21-\x7e]{1,256})$/i.exec(request.headers.authorization ?? '')?.[1];
    const parsed = bearer === undefined ? null : parseApiKey(bearer);
    // `parseApiKey` checks the checksum, so that a mistyped key reaches nothing.
    const record = parsed && (await records.get(parsed.tenant, parsed.id, request.ip));
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
