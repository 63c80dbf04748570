/**
 * How long a guess at a password has to wait: a few are free, then each wrong one doubles the wait of its user and of
 * its address. In this process only; stretching makes every guess dear as it is.
 */
import type { Clock } from '@cardseal/base/clock';
import { LRUCache } from 'lru-cache';

const FREE = 5;
const FIRST_WAIT_MS = 2000;
/** An address may be blocked for long; a user's name is known to others, who must not lock its owner out. */
const MAX_WAIT_MS = { user: 30_000, address: 15 * 60_000 };
const FORGOTTEN_MS = 60 * 60_000;
const KEPT = 10_000;

export interface LoginThrottle {
  /** Milliseconds until the next guess may be made; 0 for now. */
  waitMs(user: string, address: string): number;
  failed(user: string, address: string): void;
  succeeded(user: string, address: string): void;
}

export function createLoginThrottle(clock: Clock): LoginThrottle {
  const marks = new LRUCache<string, { count: number; untilMs: number; atMs: number }>({ max: KEPT });
  const keys = (user: string, address: string) => [`user ${user}`, `address ${address}`] as const;

  function mark(key: string, maxMs: number): void {
    const before = marks.get(key);
    const count = before && clock.now() - before.atMs < FORGOTTEN_MS ? before.count + 1 : 1;
    const waitMs = count < FREE ? 0 : Math.min(maxMs, FIRST_WAIT_MS * 2 ** Math.min(20, count - FREE));
    marks.set(key, { count, untilMs: clock.now() + waitMs, atMs: clock.now() });
  }

  return {
    waitMs: (user, address) =>
      Math.max(0, ...keys(user, address).map((key) => (marks.get(key)?.untilMs ?? 0) - clock.now())),
    failed(user, address) {
      const [byUser, byAddress] = keys(user, address);
      mark(byUser, MAX_WAIT_MS.user);
      mark(byAddress, MAX_WAIT_MS.address);
    },
    succeeded(user, address) {
      for (const key of keys(user, address)) marks.delete(key);
    },
  };
}
