/**
 * Where the workers of one credential share its access token, and the twin in memory that tests and a lone process
 * use. A store may lose everything at any time; it must never hold a token in clear outside this process.
 */
import type { Clock } from '@cardseal/base/clock';

export interface StoredToken {
  readonly token: string;
  /** From here on somebody should fetch the next one, though this one still works. */
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
  /** Differs with every fetch, also when the provider hands out the same token again. */
  readonly version: string;
}

export interface TokenStore {
  /** Null when there is none, it has expired, or it cannot be opened. Rejects when the store is away. */
  read(): Promise<StoredToken | null>;
  /** Overwrites; forgets by itself at `expiresAtMs`. */
  write(token: StoredToken): Promise<void>;
  /** One holder at a time, for at most `ttlMs`. The release frees only one's own lock. */
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
