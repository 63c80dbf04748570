/**
 * From a reserved slot to a sent call: sleeps until the slot, reads the clock again, and reports lateness when the
 * call leaves. A call that wakes after its permit expired gives the slot up and reserves a new one.
 */
import type { Clock } from '@cardseal/base/clock';
import { ThrottledError } from '@cardseal/base/errors';
import type { Grant } from './answers.ts';
import type { Trouble } from './breaker.ts';
import type { Pool, Verdict } from './credential-pool.ts';
import type { GateWatch } from './gate-watch.ts';
import type { OutcomeKind } from './model.ts';
import type { Line } from './waiting-line.ts';

export interface Outcome {
  kind: OutcomeKind;
  /** Epoch milliseconds of this process's clock at which the request left; omit when `sent` was called. */
  sentAtMs?: number;
  latencyMs?: number;
  /** With `failed`: the problem that may mean that the provider is away. */
  trouble?: Trouble | undefined;
}

/** A reserved slot that has not begun yet. */
export interface Reserved {
  /** Negative after its beginning. */
  leftMs(): number;
  /** The age of Redis's state of this credential: near zero after Redis lost its data. */
  memoryAgeMs: number;
}

/** Prepares what a call needs in addition to its permit, between reservation and slot. */
export type Prepare = (credentialId: string, slot: Reserved) => Promise<unknown>;

/**
 * How a failure of `prepare` is classified: it may mean that the provider is away, for example when the key wrapper is
 * dead.
 */
export interface PrepareTrouble {
  /** undefined for errors that say nothing about the provider. */
  troubleOf(error: unknown): Trouble | undefined;
  /** The error to throw instead, given the verdict of the pacer. */
  judged(error: unknown, verdict: Verdict & { credentialId: string; probe: boolean }): unknown;
}

export interface Preparation {
  prepare?: Prepare | undefined;
  onTrouble?: PrepareTrouble | undefined;
}

export interface Permit {
  readonly credentialId: string;
  /** Epoch milliseconds on Redis's clock. */
  readonly slotMs: number;
  /** Epoch milliseconds on this process's clock after which the permit must not be used. */
  readonly expiresAtMs: number;
  /** Whether this call is the probe of a closed gate. */
  readonly probe: boolean;
  /** How late the permit was granted. */
  readonly latenessMs: number;
  /**
   * Reports that the request leaves now. A caller that cannot report it at that moment passes `sentAtMs` when it
   * settles.
   */
  sent(): void;
  /** Reports that the call was not made. Idempotent, like `settle`. */
  giveBack(): Promise<void>;
  /** Never throws. A report that does not reach Redis becomes an event. */
  settle(outcome: Outcome): Promise<Verdict>;
}

export class PermitHolder {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #line: Line;
  readonly #watch: GateWatch;
  readonly #prepare: Prepare | undefined;
  readonly #onTrouble: PrepareTrouble | undefined;

  constructor(pool: Pool, clock: Clock, line: Line, watch: GateWatch, how: Preparation = {}) {
    this.#pool = pool;
    this.#clock = clock;
    this.#line = line;
    this.#watch = watch;
    this.#prepare = how.prepare;
    this.#onTrouble = how.onTrouble;
  }

  async acquire(maxWaitMs: number, signal: AbortSignal | undefined): Promise<Permit> {
    const deadlineMs = this.#pool.monotonicMs() + maxWaitMs;
    for (;;) {
      signal?.throwIfAborted();
      const grant = await this.#reserve(deadlineMs, signal);
      const latenessMs = await this.#wake(grant, signal);
      if (latenessMs <= this.#patienceMs(grant)) return this.#permit(grant, latenessMs);
      await this.#pool.settle(grant, { kind: 'unsent' });
      this.#pool.emit({ kind: 'permit_expired', credentialId: grant.credentialId, latenessMs });
      if (this.#pool.monotonicMs() > deadlineMs) throw new ThrottledError('quota_wait', 50);
    }
  }

  /** A probe is the only call in flight: encrypting its body may take longer than the slot. */
  #patienceMs({ probe }: Grant): number {
    const { permitTtlUs, probeTtlUs } = this.#pool.rules;
    return (probe ? probeTtlUs / 2 : permitTtlUs) / 1000;
  }

  async #reserve(deadlineMs: number, signal: AbortSignal | undefined): Promise<Grant> {
    try {
      return await this.#line.reserve(deadlineMs, signal);
    } catch (error) {
      if (error instanceof ThrottledError && error.code === 'quota_gate_closed') this.#watch.start();
      throw error;
    }
  }

  /** Sleeps until the slot and returns the lateness. Timers may fire early; this never returns before the slot. */
  async #wake(grant: Grant, signal: AbortSignal | undefined): Promise<number> {
    try {
      const { credentialId, slotUs, bornUs } = grant;
      const leftMs = () => -this.#pool.sinceMs(slotUs);
      await this.#prepare?.(credentialId, { leftMs, memoryAgeMs: this.#pool.sinceMs(bornUs) });
      for (;;) {
        signal?.throwIfAborted();
        const earlyMs = leftMs();
        if (earlyMs <= 0) return -earlyMs;
        await this.#clock.sleep(earlyMs, signal);
      }
    } catch (error) {
      const trouble = signal?.aborted ? undefined : this.#onTrouble?.troubleOf(error);
      const verdict = await this.#pool.settle(grant, { kind: 'unsent', trouble });
      if (!trouble) throw error;
      this.#watch.startIfClosed();
      throw this.#onTrouble!.judged(error, { ...verdict, credentialId: grant.credentialId, probe: grant.probe });
    }
  }

  #permit(grant: Grant, latenessMs: number): Permit {
    const pool = this.#pool;
    const clock = this.#clock;
    let settled = false;
    let told = false;
    const agoMs = ({ kind, sentAtMs }: Outcome) => {
      if (told || kind === 'unsent') return undefined;
      // Without a reported time, assume that the caller sent the call when it got the permit.
      return sentAtMs === undefined ? pool.sinceMs(grant.slotUs) - latenessMs : clock.now() - sentAtMs;
    };
    const settle = async (outcome: Outcome): Promise<Verdict> => {
      if (settled) return { held: false, run: 0 };
      settled = true;
      const { kind, trouble } = outcome;
      const verdict = await pool.settle(grant, { kind, agoMs: agoMs(outcome), trouble });
      if (kind !== 'accepted') this.#watch.startIfClosed();
      return verdict;
    };
    return {
      credentialId: grant.credentialId,
      slotMs: grant.slotUs / 1000,
      expiresAtMs: clock.now() + this.#patienceMs(grant) - latenessMs,
      probe: grant.probe,
      latenessMs,
      sent: () => {
        told = true;
        pool.reportLate(grant, pool.sinceMs(grant.slotUs));
      },
      giveBack: async () => {
        await settle({ kind: 'unsent' });
      },
      settle,
    };
  }
}
