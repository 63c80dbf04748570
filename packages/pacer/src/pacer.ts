/**
 * Hands out permits for upstream calls: the last thing taken before a call goes out. It decides nothing itself; Redis
 * holds the schedule for all processes. It must never let a call out before its slot, nor long after it.
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
  /** Milliseconds that never jump; `performance.now` unless a test decides. */
  monotonicMs?: () => number;
  onEvent?: (event: PacingEvent) => void;
  /** In [0, 1); `Math.random` unless a test decides. */
  random?: () => number;
}

export interface AcquireOptions {
  signal?: AbortSignal;
  maxWaitMs?: number;
  /** Only these credentials, e.g. those of one provider. */
  only?: readonly string[];
  /**
   * Runs between reservation and slot, e.g. to seal a body for the credential that gives the permit. What it throws
   * gives the permit back; who is not ready in time loses this slot and is given another.
   */
  prepare?: Prepare;
  onTrouble?: PrepareTrouble;
}

export interface Pacer {
  /**
   * Resolves at the permit's slot: send at once. Throws `ThrottledError` `quota_wait`, `quota_gate_closed` or
   * `pacing_unavailable`, none of which spends an attempt, or the signal's reason.
   */
  acquire(options?: AcquireOptions): Promise<Permit>;
  /** Reports a provider trouble before a permit was requested, such as a dead key wrapper. Never throws. */
  report(credentialId: string, trouble: Trouble): Promise<Verdict>;
  /** The runs of troubles that became an outage, by credential; see `Verdict.run`. */
  outageRuns(): Promise<Map<string, readonly number[]>>;
  /** `by` is who did it; `machine` may only extend a block. Without `untilMs` (epoch) it lasts until someone opens it. */
  closeGate(credentialId: string, reason: string, untilMs: number | undefined, by: string): Promise<void>;
  openGate(credentialId: string, by: string): Promise<void>;
  /** Closes again what Redis forgot; it undoes nothing that a person did since, and shortens nothing. */
  restoreGate(credentialId: string, gate: RememberedGate): Promise<void>;
  /** As this process last heard; it may be wrong for a second, and knows nothing of allowances. */
  isClosed(credentialId: string): boolean;
  /** Calls the listener once per reopening and per due probe; returns how to stop listening. */
  onReopen(listener: ReopenListener): () => void;
  snapshot(): Promise<CredentialSnapshot[]>;
  /** `day` is a date in Shanghai (`2026-01-31`) or `total`. */
  usage(day: string): Promise<Record<string, Usage>>;
  /** Raises the counts to at least the given ones, after Redis lost them. */
  restoreUsage(day: string, counts: Readonly<Record<string, Partial<Usage>>>): Promise<void>;
  /** Ends waiting and timers; permits already out may still be settled. */
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
