/**
 * Watches the API keys of waiting requests, so that a key that is revoked, expires or loses a scope ends them. Each
 * key is read once per period, however many requests use it.
 */
import type { Clock } from '@cardseal/base/clock';
import type { ApiKeyRecord, Scope } from '@cardseal/core/ledger';
import type { Caller } from '../auth/index.ts';
import { Problem } from '../problems/index.ts';

export interface KeyWatch {
  /** The signal aborts with the Problem that a new request with this key would get now. */
  watch(caller: Caller): { signal: AbortSignal; end(): void };
  stop(): void;
}

export interface KeyWatchSettings {
  read: (tenant: string, apiKeyId: string) => Promise<{ value: ApiKeyRecord } | null>;
  clock: Clock;
  /** A change must apply within two seconds, the read of the record included. */
  everyMs?: number;
}

const EVERY_MS = 1000;
/**
 * The record at the start of the request may already be 1.5 s old (`http/auth/key-records.ts`): with the first read
 * this early, a change still applies within two seconds.
 */
const FIRST_MS = 400;

interface WatchedKey {
  caller: Caller;
  waiting: Set<{ scopes: readonly Scope[]; controller: AbortController }>;
  timer: NodeJS.Timeout | undefined;
  first: NodeJS.Timeout | undefined;
  /** The last record read, so that an expiry applies while the store does not respond. */
  known: ApiKeyRecord | null;
  reading: boolean;
}

export function createKeyWatch({ read, clock, everyMs = EVERY_MS }: KeyWatchSettings): KeyWatch {
  const keys = new Map<string, WatchedKey>();

  function tick(key: WatchedKey): void {
    if (key.known) judge(key, key.known);
    // A slow store gets no second request for the same key.
    if (!key.reading) void look(key);
  }

  async function look(key: WatchedKey): Promise<void> {
    key.reading = true;
    try {
      const record = await read(key.caller.tenant, key.caller.apiKeyId);
      key.known = record?.value ?? null;
      judge(key, key.known);
    } catch {
      // While the store does not respond nothing is known: requests continue as they began.
    } finally {
      key.reading = false;
    }
  }

  function judge({ waiting }: WatchedKey, record: ApiKeyRecord | null): void {
    const refused = record === null || !isLive(record, clock.now());
    for (const one of waiting) {
      const lost = refused ? undefined : one.scopes.find((scope) => !record.scopes.includes(scope));
      if (refused) one.controller.abort(new Problem('unauthorized', 'The key was revoked or has expired.'));
      else if (lost) one.controller.abort(new Problem('forbidden', `The key has lost the scope ${lost}.`));
    }
  }

  function open(caller: Caller): WatchedKey {
    const key: WatchedKey = {
      caller,
      waiting: new Set(),
      timer: undefined,
      first: undefined,
      known: null,
      reading: false,
    };
    key.first = setTimeout(() => tick(key), Math.min(FIRST_MS, everyMs)).unref();
    key.timer = setInterval(() => tick(key), everyMs).unref();
    return key;
  }

  return {
    watch(caller) {
      const name = `${caller.tenant}.${caller.apiKeyId}`;
      const key = keys.get(name) ?? open(caller);
      keys.set(name, key);
      const one = { scopes: caller.scopes, controller: new AbortController() };
      key.waiting.add(one);
      // The request may have begun on an older record than the one that was read last.
      if (key.known) judge(key, key.known);
      return {
        signal: one.controller.signal,
        end() {
          key.waiting.delete(one);
          if (key.waiting.size > 0 || keys.get(name) !== key) return;
          clearInterval(key.timer);
          clearTimeout(key.first);
          keys.delete(name);
        },
      };
    },
    stop() {
      for (const { timer, first } of keys.values()) {
        clearInterval(timer);
        clearTimeout(first);
      }
      keys.clear();
    },
  };
}

function isLive(record: ApiKeyRecord, nowMs: number): boolean {
  return record.revokedAtMs === null && (record.expiresAtMs === null || record.expiresAtMs > nowMs);
}
