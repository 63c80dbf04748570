/**
 * Delays logins after wrong passwords. The first few are free; then each one doubles the delay for its user and for its
 * client address. The counts are kept per process: slow password hashing limits guesses across processes.
 */
import type { Clock } from '@cardseal/base/clock';
import { LRUCache } from 'lru-cache';

const FREE = 5;
const FIRST_WAIT_MS = 2000;
/** The delay by user is short: an attacker who knows a user name must not lock out its owner. */
const MAX_WAIT_MS = { user: 30_000, address: 15 * 60_000 };
const FORGOTTEN_MS = 60 * 60_000;
const KEPT = 10_000;

export interface LoginThrottle {
  /** Milliseconds until the next attempt is allowed; 0 when it is allowed now. */
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
