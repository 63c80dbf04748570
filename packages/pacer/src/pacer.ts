/**
 * Grants permits for upstream calls: the last thing that a call takes before it is sent. Redis holds the schedule for
 * all processes and makes every decision. The pacer must never let a call out before its slot, nor long after it.
 */
import { type Clock, systemClock } from '@cardseal/base/clock';
import { runsOf, type Trouble } from './breaker.ts';
import { type PacingEvent, Pool, type PoolCredential, type RememberedGate, type Verdict } from './credential-pool.ts';
import { GateWatch, type ReopenListener } from './gate-watch.ts';
import { type Permit, PermitHolder, type Prepare, type PrepareTrouble } from './permit.ts';
import { type PacingOptions, rulesFrom } from './rules.ts';
import { type PacingRedis, Scripts } from './scripts.ts';
import { type CredentialSnapshot, snapshotOf } from './snapshot.ts';
import type { Usage } from './state.ts';
import { Line } from './waiting-line.ts';

export interface PacerSettings {
  redis: PacingRedis;
  prefix: string;
  credentials: readonly PoolCredential[];
  options?: PacingOptions;
  clock?: Clock;
  /** Milliseconds that never jump; default `performance.now`. */
  monotonicMs?: () => number;
  onEvent?: (event: PacingEvent) => void;
  /** In [0, 1); default `Math.random`. */
  random?: () => number;
}

export interface AcquireOptions {
  signal?: AbortSignal;
  maxWaitMs?: number;
  /** Only these credentials, for example those of one provider. */
  only?: readonly string[];
  /**
   * Runs between reservation and slot, for example to encrypt a body for the credential of the permit. If it throws,
   * the permit is given back. If it is not done in time, this slot is lost and another one is reserved.
   */
  prepare?: Prepare;
  onTrouble?: PrepareTrouble;
}

export interface Pacer {
  /**
   * Resolves at the slot of the permit: send at once. Throws `ThrottledError` `quota_wait`, `quota_gate_closed` or
   * `pacing_unavailable`, none of which spends an attempt, or the reason of the signal.
   */
  acquire(options?: AcquireOptions): Promise<Permit>;
  /** Reports a provider problem before a permit was requested, for example a dead key wrapper. Never throws. */
  report(credentialId: string, trouble: Trouble): Promise<Verdict>;
  /** The runs of problems that became an outage, by credential; see `Verdict.run`. */
  outageRuns(): Promise<Map<string, readonly number[]>>;
  /**
   * `by` is the actor; `machine` can only extend a closure. Without `untilMs` (epoch) it lasts until an operator or a
   * probe opens it.
   */
  closeGate(credentialId: string, reason: string, untilMs: number | undefined, by: string): Promise<void>;
  openGate(credentialId: string, by: string): Promise<void>;
  /** Closes gates that Redis lost. It undoes nothing that an operator did since, and shortens nothing. */
  restoreGate(credentialId: string, gate: RememberedGate): Promise<void>;
  /** As far as this process knows; it may be wrong for a second, and ignores allowances. */
  isClosed(credentialId: string): boolean;
  /** Calls the listener once per reopening and per due probe. Returns a function that ends this. */
  onReopen(listener: ReopenListener): () => void;
  snapshot(): Promise<CredentialSnapshot[]>;
  /** `day` is a date in Shanghai (`2026-01-31`) or `total`. */
  usage(day: string): Promise<Record<string, Usage>>;
  /** Raises the counts to at least the given ones, after Redis lost them. */
  restoreUsage(day: string, counts: Readonly<Record<string, Partial<Usage>>>): Promise<void>;
  /** Ends waiting calls and timers; granted permits can still be settled. */
  stop(): void;
}

export function createPacer(settings: PacerSettings): Pacer {
  const options = settings.options ?? {};
  const clock = settings.clock ?? systemClock;
  const rules = rulesFrom(options);
  const pool = new Pool({
    scripts: new Scripts(settings.redis, options.commandTimeoutMs ?? 500, rules),
    prefix: settings.prefix,
    credentials: settings.credentials,
    rules,
    monotonicMs: settings.monotonicMs ?? (() => performance.now()),
    emit: (event) => settings.onEvent?.(event),
    random: settings.random ?? Math.random,
  });
  const watch = new GateWatch(pool, clock);
  const lines = new Map<string, Line>();
  const lineFor = (only: readonly string[] | undefined) => {
    const key = only ? [...only].sort().join(' ') : '*';
    const line = lines.get(key) ?? new Line(pool, clock, only);
    lines.set(key, line);
    return line;
  };
  return {
    acquire: async ({ signal, maxWaitMs = options.maxWaitMs ?? 1000, only, prepare, onTrouble } = {}) => {
      const holder = new PermitHolder(pool, clock, lineFor(only), watch, { prepare, onTrouble });
      return holder.acquire(maxWaitMs, signal);
    },
    report: async (id, trouble) => {
      const verdict = await pool.report(id, trouble);
      watch.startIfClosed();
      return verdict;
    },
    outageRuns: async () => {
      const looks = pool.credentials.map(async ({ id }) => [id, runsOf((await pool.look(id)).fields ?? {})] as const);
      return new Map(await Promise.all(looks));
    },
    closeGate: async (id, reason, untilMs, by) => {
      await pool.closeGate(id, reason, untilMs, by);
      watch.start();
    },
    openGate: async (id, by) => {
      if (await pool.openGate(id, by)) watch.announce(id);
    },
    restoreGate: async (id, gate) => {
      await pool.restoreGate(id, gate);
      watch.startIfClosed();
    },
    isClosed: (id) => pool.isClosed(id),
    onReopen: (listener) => watch.listen(listener),
    snapshot: async () =>
      Promise.all(pool.credentials.map(async (it) => snapshotOf(it, pool.rules, await pool.look(it.id)))),
    usage: (day) => pool.usage(day),
    restoreUsage: (day, counts) => pool.restoreUsage(day, counts),
    stop: () => {
      watch.stop();
      for (const line of lines.values()) line.stop();
    },
  };
}
