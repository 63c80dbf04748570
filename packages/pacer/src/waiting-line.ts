/**
 * Callers of this process that wait for a permit, first come, first served. While the next slot is beyond the horizon
 * no caller reserves and one timer sleeps for all, so that many waiting calls cost Redis nothing.
 */
import type { Clock } from '@cardseal/base/clock';
import { ThrottledError } from '@cardseal/base/errors';
import type { Grant, Reservation } from './answers.ts';
import type { Pool } from './credential-pool.ts';

interface Waiter {
  deadlineMs: number;
  settled: boolean;
  resolve(grant: Grant): void;
  reject(error: unknown): void;
}

/** Concurrent reservations per process: enough to hide a round trip, few enough to keep the order. */
const PARALLEL = 8;

export class Line {
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #only: readonly string[] | undefined;
  readonly #stopped = new AbortController();
  #waiting: Waiter[] = [];
  #underWay = 0;
  #asleep = false;

  constructor(pool: Pool, clock: Clock, only: readonly string[] | undefined) {
    this.#pool = pool;
    this.#clock = clock;
    this.#only = only;
  }

  reserve(deadlineMs: number, signal: AbortSignal | undefined): Promise<Grant> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        waiter.reject(signal?.reason);
      };
      const done = () => {
        waiter.settled = true;
        signal?.removeEventListener('abort', leave);
      };
      const waiter: Waiter = {
        deadlineMs,
        settled: false,
        resolve: (grant) => {
          done();
          resolve(grant);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiter);
      this.#pump();
    });
  }

  stop(): void {
    this.#stopped.abort();
    for (const waiter of this.#waiting.splice(0)) waiter.reject(new ThrottledError('pacing_stopped', 1000));
  }

  #pump(): void {
    while (!this.#asleep && this.#underWay < PARALLEL && this.#waiting.length > 0) {
      const waiter = this.#waiting.shift()!;
      this.#underWay += 1;
      void this.#serve(waiter).finally(() => {
        this.#underWay -= 1;
        this.#pump();
      });
    }
  }

  async #serve(waiter: Waiter): Promise<void> {
    try {
      const leftMs = Math.max(0, waiter.deadlineMs - this.#pool.monotonicMs());
      const reservation = await this.#pool.reserve(leftMs, this.#only);
      if (reservation.code === 'granted') await this.#hand(waiter, reservation.grant);
      else if (!waiter.settled) this.#defer(waiter, reservation);
    } catch (error) {
      this.#refuseAll(waiter, error);
    }
  }

  /** A closed gate, or a Redis that is away, is the same for all: the others need not ask one by one. */
  #refuseAll(waiter: Waiter, error: unknown): void {
    for (const refused of [waiter, ...this.#waiting.splice(0)]) {
      if (!refused.settled) refused.reject(error);
    }
  }

  async #hand(waiter: Waiter, grant: Grant): Promise<void> {
    if (waiter.settled) await this.#pool.settle(grant, { kind: 'unsent' });
    else waiter.resolve(grant);
  }

  #defer(waiter: Waiter, reservation: Exclude<Reservation, { code: 'granted' }>): void {
    if (reservation.code === 'closed') {
      const fields = { reason: reservation.reason };
      this.#refuseAll(waiter, new ThrottledError('quota_gate_closed', reservation.retryAfterMs, { fields }));
      return;
    }
    const { waitMs } = reservation;
    const slotAtMs = this.#pool.monotonicMs() + waitMs;
    this.#waiting.unshift(waiter);
    const late = this.#waiting.filter((other) => other.deadlineMs < slotAtMs);
    this.#waiting = this.#waiting.filter((other) => other.deadlineMs >= slotAtMs);
    for (const other of late) other.reject(new ThrottledError('quota_wait', Math.max(20, Math.ceil(waitMs))));
    void this.#sleep(waitMs - this.#pool.rules.horizonUs / 1000);
  }

  /** A minimum pause: otherwise a slot exactly at the horizon would cause a busy loop. */
  async #sleep(ms: number): Promise<void> {
    if (this.#asleep || this.#waiting.length === 0) return;
    this.#asleep = true;
    await this.#clock.sleep(Math.max(5, ms), this.#stopped.signal).catch(() => undefined);
    this.#asleep = false;
    this.#pump();
  }
}
