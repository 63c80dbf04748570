/**
 * One access token per credential for all workers: read from memory, else from the shared store, else fetched by the
 * process that holds the lock. It must never flood the token endpoint, and never fail because the store is away: then
 * this process fetches its own token (several valid tokens are independent).
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '@cardseal/base/clock';
import { DefectError } from '@cardseal/base/errors';
import type { StoredToken, TokenStore } from './token-store.ts';

export interface TokenSource {
  /**
   * A token that should work. @throws TransientError `upstream_token_unavailable`, DefectError
   * `upstream_credential_refused`.
   */
  get(signal?: AbortSignal): Promise<string>;
  /** A token other than the one that failed; one process of all fetches it. */
  renew(failedToken: string, signal?: AbortSignal): Promise<string>;
}

export type FetchToken = (apiKey: string, secretKey: string) => Promise<{ token: string; expiresInS: number }>;

/** Names the credential by id only. `store_away` is reported once per fetch that had to work without the store. */
export type TokenEvent = { kind: 'fetched' | 'adopted' | 'store_away' | 'refused'; credentialId: string };

export interface TokenSourceOptions {
  readonly credentialId: string;
  readonly apiKey: string;
  readonly secretKey: string;
  readonly fetchToken: FetchToken;
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly onEvent?: (event: TokenEvent) => void;
  /**
   * Longer than `fetchToken` can take. Other processes wait this long for the holder of the lock before they fetch
   * themselves.
   */
  readonly lockTtlMs?: number;
  readonly pollMs?: number;
}

const DAY_MS = 86_400_000;
/** After a refusal of the keys, or a failed early renewal, this process pauses this long. */
const HOLD_OFF_MS = 60_000;

export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const source = new SharedTokenSource(options);
  return {
    get: (signal) => abortable(source.get(), signal),
    renew: (failedToken, signal) => abortable(source.renew(failedToken), signal),
  };
}

class SharedTokenSource {
  readonly #options: Required<TokenSourceOptions>;
  #current: StoredToken | null = null;
  #flight: Promise<StoredToken> | null = null;
  #refusal: { error: DefectError; untilMs: number } | null = null;
  #earlyRenewalHeldUntilMs = 0;

  constructor(options: TokenSourceOptions) {
    this.#options = { lockTtlMs: 15_000, pollMs: 50, onEvent: () => {}, ...options };
  }

  async get(): Promise<string> {
    const nowMs = this.#options.clock.now();
    const current = this.#current;
    if (!current || current.expiresAtMs <= nowMs) return (await this.#obtain(isAlive)).token;
    if (current.renewAtMs > nowMs || this.#earlyRenewalHeldUntilMs > nowMs) return current.token;
    this.#renewEarly();
    return current.token;
  }

  async renew(failedToken: string): Promise<string> {
    // A later fetch may return the same text again. That is the best available token, and fetching again would flood
    // the endpoint.
    const failed = this.#current?.token === failedToken ? this.#current.version : null;
    const isOther = (token: StoredToken) =>
      token.token !== failedToken || (failed !== null && token.version !== failed);
    return (await this.#obtain((token, nowMs) => isAlive(token, nowMs) && isOther(token))).token;
  }

  /** In the background: the old token works for another day, so no caller waits, and a failure fails no call. */
  #renewEarly(): void {
    this.#earlyRenewalHeldUntilMs = this.#options.clock.now() + HOLD_OFF_MS;
    this.#obtain(isFresh).catch(() => {});
  }

  /** Single flight within the process; each caller that joins checks the result itself. */
  async #obtain(accept: Accept): Promise<StoredToken> {
    for (;;) {
      if (this.#flight) {
        const landed = await this.#flight;
        if (accept(landed, this.#options.clock.now())) return landed;
        continue;
      }
      const { clock } = this.#options;
      if (this.#current && accept(this.#current, clock.now())) return this.#current;
      if (this.#refusal && this.#refusal.untilMs > clock.now()) throw this.#refusal.error;
      const flight = this.#shared(accept);
      this.#flight = flight;
      try {
        this.#current = await flight;
        return this.#current;
      } finally {
        this.#flight = null;
      }
    }
  }

  async #shared(accept: Accept): Promise<StoredToken> {
    try {
      return await this.#throughStore(accept);
    } catch (error) {
      if (!(error instanceof StoreAway)) throw error;
      this.#emit('store_away');
      return this.#fetch();
    }
  }

  async #throughStore(accept: Accept): Promise<StoredToken> {
    const { clock, store, lockTtlMs, pollMs } = this.#options;
    const giveUpAtMs = clock.now() + 2 * lockTtlMs;
    while (clock.now() < giveUpAtMs) {
      const seen = await reach(store.read());
      if (seen && accept(seen, clock.now())) return this.#adopt(seen);
      const release = await reach(store.lock(lockTtlMs));
      if (release) return this.#fetchLocked(release, accept);
      await clock.sleep(pollMs);
    }
    return this.#fetch();
  }

  async #fetchLocked(release: () => Promise<void>, accept: Accept): Promise<StoredToken> {
    try {
      const { store, clock } = this.#options;
      const seen = await reach(store.read());
      if (seen && accept(seen, clock.now())) return this.#adopt(seen);
      const fetched = await this.#fetch();
      // This process has the token. If it could not be shared, others fetch their own, and this call succeeds.
      await store.write(fetched).catch(() => this.#emit('store_away'));
      return fetched;
    } finally {
      await release().catch(() => {});
    }
  }

  async #fetch(): Promise<StoredToken> {
    const { apiKey, secretKey, fetchToken, clock } = this.#options;
    try {
      const { token, expiresInS } = await fetchToken(apiKey, secretKey);
      const nowMs = clock.now();
      const lifeMs = expiresInS * 1_000;
      const renewAtMs = nowMs + Math.max(lifeMs - DAY_MS, lifeMs / 2);
      this.#emit('fetched');
      return { token, renewAtMs, expiresAtMs: nowMs + lifeMs, version: randomUUID() };
    } catch (error) {
      if (error instanceof DefectError) this.#refuse(error);
      throw error;
    }
  }

  #refuse(error: DefectError): void {
    this.#refusal = { error, untilMs: this.#options.clock.now() + HOLD_OFF_MS };
    this.#emit('refused');
  }

  #adopt(token: StoredToken): StoredToken {
    this.#emit('adopted');
    return token;
  }

  #emit(kind: TokenEvent['kind']): void {
    this.#options.onEvent({ kind, credentialId: this.#options.credentialId });
  }
}

type Accept = (token: StoredToken, nowMs: number) => boolean;

const isAlive: Accept = (token, nowMs) => token.expiresAtMs > nowMs;
const isFresh: Accept = (token, nowMs) => token.renewAtMs > nowMs;

class StoreAway extends Error {}

/** Marks failures of the store itself: they must not count as failures of the provider. */
async function reach<T>(command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (cause) {
    throw new StoreAway('token store away', { cause });
  }
}

/** An abort ends the waiting of one caller and not the fetch that others share. */
function abortable<T>(shared: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return shared;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    shared.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
