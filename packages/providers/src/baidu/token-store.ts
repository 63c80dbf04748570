/**
 * The store in which the workers of one credential share its access token, and an implementation in memory for tests
 * and single processes. A store may lose everything at any time. It must never hold a token in the clear outside this
 * process.
 */
import type { Clock } from '@cardseal/base/clock';

export interface StoredToken {
  readonly token: string;
  /** From this time on one process should fetch the next token; this one still works. */
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
  /** Differs with every fetch, even if the provider returns the same token again. */
  readonly version: string;
}

export interface TokenStore {
  /** null when there is none, it has expired, or it cannot be opened. Rejects when the store is away. */
  read(): Promise<StoredToken | null>;
  /** Overwrites. The entry expires at `expiresAtMs`. */
  write(token: StoredToken): Promise<void>;
  /** One holder at a time, for at most `ttlMs`. The release frees only the caller's own lock. */
  lock(ttlMs: number): Promise<(() => Promise<void>) | null>;
}

export function memoryTokenStore(clock: Clock): TokenStore {
  let stored: StoredToken | null = null;
  let held: { untilMs: number } | null = null;
  return {
    async read() {
      return stored && stored.expiresAtMs > clock.now() ? stored : null;
    },
    async write(token) {
      stored = token;
    },
    async lock(ttlMs) {
      if (held && held.untilMs > clock.now()) return null;
      const mine = { untilMs: clock.now() + ttlMs };
      held = mine;
      return async () => {
        if (held === mine) held = null;
      };
    },
  };
}
