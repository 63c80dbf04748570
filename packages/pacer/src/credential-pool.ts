/**
 * The credentials of this deployment and their state in Redis: one method per script. Redis decides; this process
 * remembers state only to restore what Redis loses.
 */
import { DefectError } from '@cardseal/base/errors';
import { dayNumber, type Grant, type Look, type Reservation, readLook, readReserve } from './answers.ts';
import type { Trouble } from './breaker.ts';
import { MACHINE } from './gate.ts';
import { type Known, Memory, NO_CAUSE } from './memory.ts';
import type { OutcomeKind, PacingEventKind } from './model.ts';
import type { Rules } from './rules.ts';
import type { Scripts } from './scripts.ts';
import { ServerClock } from './server-clock.ts';
import { type CredentialRules, PROVIDER_OUTAGE, type Usage } from './state.ts';

export interface PoolCredential {
  id: string;
  /** For example `baidu-idcard-enc`; shown to operators only. */
  provider?: string;
  /** Nominal calls per second, an integer. */
  qps: number;
  /** Calls allowed per day in Shanghai, and in total. */
  daily?: number;
  total?: number;
}

export type PacingEvent =
  | {
      kind: PacingEventKind | 'rate_rose' | 'state_fresh' | 'settle_lost';
      credentialId: string;
      reason?: string;
      /** For a provider outage: the code that opened the circuit breaker. */
      cause?: string;
      limit?: number;
      marginMs?: number;
    }
  | { kind: 'permit_expired'; credentialId: string; latenessMs: number };

export interface RememberedGate {
  reason: string;
  /** Epoch milliseconds; 0 for no end. */
  untilMs: number;
  /** `machine`, or an operator. */
  by: string;
  /** For a provider outage: the code that opened the circuit breaker, and since when (epoch milliseconds). */
  cause?: string;
  sinceMs?: number;
}

/** The result of a failure: whether it belongs to a known outage, and the run of problems that it is part of. */
export interface Verdict {
  /** The failure spends no attempt of its job. */
  held: boolean;
  /** 0 for none. `outageRuns` shows later whether this run became an outage. */
  run: number;
}

export interface SettledCall {
  kind: OutcomeKind;
  /** How long ago the call left; undefined for a call that was not sent or is already reported. */
  agoMs?: number | undefined;
  trouble?: Trouble | undefined;
}

interface PoolParts {
  scripts: Scripts;
  prefix: string;
  credentials: readonly PoolCredential[];
  rules: Rules;
  monotonicMs: () => number;
  emit: (event: PacingEvent) => void;
  /** In [0, 1): spreads probes. */
  random: () => number;
}

export class Pool {
  readonly credentials: readonly PoolCredential[];
  readonly rules: Rules;
  readonly monotonicMs: () => number;
  readonly emit: (event: PacingEvent) => void;
  readonly #random: () => number;
  readonly #scripts: Scripts;
  readonly #prefix: string;
  readonly #clock = new ServerClock();
  readonly #memory = new Memory();

  constructor(parts: PoolParts) {
    this.credentials = parts.credentials;
    this.rules = parts.rules;
    this.monotonicMs = parts.monotonicMs;
    this.emit = parts.emit;
    this.#random = parts.random;
    this.#scripts = parts.scripts;
    this.#prefix = parts.prefix;
    const wrong = parts.credentials.find((it) => !Number.isInteger(it.qps) || it.qps < 1);
    if (wrong) throw new DefectError('pacing_settings', { fields: { credential: wrong.id } });
  }

  /** One hash tag for the whole pool: one script chooses a permit among all credentials. */
  key(credentialId: string): string {
    return `{${this.#prefix}:pacing}:${credentialId}`;
  }

  /** The age of a moment of Redis's clock; negative for the future. */
  sinceMs(serverUs: number): number {
    return this.#clock.toServerMs(this.monotonicMs()) - serverUs / 1000;
  }

  isClosed(credentialId: string): boolean {
    return this.#memory.of(credentialId).gate !== '';
  }

  async reserve(maxWaitMs: number, only: readonly string[] | undefined): Promise<Reservation> {
    const candidates = this.credentials.filter((it) => !only || only.includes(it.id));
    if (candidates.length === 0) throw new DefectError('pacing_no_credential');
    const ids = candidates.map((it) => it.id);
    const withinUs = Math.min(this.rules.horizonUs, Math.round(maxWaitMs * 1000));
    const credentials = JSON.stringify(candidates.map((it) => this.#rulesOf(it)));
    const settings = `{"withinUs":${withinUs},"credentials":${credentials}}`;
    const keys = ids.map((id) => this.key(id));
    const sentMs = this.monotonicMs();
    const answer = await this.#scripts.run('reserve', keys, [settings], (late) => this.#returnLate(late, ids));
    const { nowUs, bornUs, reservation } = readReserve(answer as string[], ids);
    this.#clock.observe(sentMs, this.monotonicMs(), nowUs / 1000);
    for (const [index, id] of ids.entries()) this.#noticeBirth(id, bornUs[index]!);
    if (reservation.code === 'granted') this.#onGranted(reservation);
    return reservation;
  }

  #onGranted({ grant, rose, limit, marginUs }: Reservation & { code: 'granted' }): void {
    const { credentialId, probe } = grant;
    this.#memory.learn(credentialId, { limit, marginUs, ...(probe ? {} : { gate: '' }) });
    if (rose) this.emit({ kind: 'rate_rose', credentialId, limit, marginMs: marginUs / 1000 });
  }

  /** A reservation that arrived after the caller got the error that Redis is away: no call will use it. */
  #returnLate(answer: unknown, ids: readonly string[]): void {
    const { reservation } = readReserve(answer as string[], ids);
    if (reservation.code === 'granted') void this.settle(reservation.grant, { kind: 'unsent' });
  }

  /** Half of the margin covers small lateness; more is reported at once. */
  reportLate(grant: Grant, latenessMs: number): void {
    const marginUs = this.#memory.of(grant.credentialId).marginUs;
    if (latenessMs * 1000 <= marginUs / 2) return;
    const sentUs = Math.round(grant.slotUs + latenessMs * 1000);
    const args = [String(grant.id), String(sentUs)];
    this.#scripts.run('late', [this.key(grant.credentialId)], args).catch(() => {
      this.emit({ kind: 'settle_lost', credentialId: grant.credentialId });
    });
  }

  /** Never throws. */
  async settle(grant: Grant, outcome: SettledCall): Promise<Verdict> {
    const { credentialId, id, slotUs } = grant;
    const { kind, agoMs, trouble } = outcome;
    const sentUs = agoMs === undefined ? 0 : Math.round(slotUs + (this.sinceMs(slotUs) - agoMs) * 1000);
    const told = trouble ? `,"trouble":${JSON.stringify(this.#jittered(trouble))}` : '';
    const settings = `{"id":${id},"slotUs":${slotUs},"kind":"${kind}","sentUs":${sentUs}${told}}`;
    try {
      const answer = (await this.#scripts.run('settle', [this.key(credentialId)], [settings])) as string[];
      if (answer.length > 0) return this.#onSettled(credentialId, answer, trouble?.cause);
    } catch {
      this.emit({ kind: 'settle_lost', credentialId });
    }
    return this.#remembered(credentialId, trouble);
  }

  /** Reports a failure before any permit was requested. Never throws. */
  async report(credentialId: string, trouble: Trouble): Promise<Verdict> {
    const credential = this.#rulesOf(this.#find(credentialId));
    const settings = JSON.stringify({ credential, action: 'trouble', trouble: this.#jittered(trouble) });
    try {
      const answer = await this.#scripts.run('gate', [this.key(credentialId)], [settings]);
      return this.#onSettled(credentialId, answer as string[], trouble.cause);
    } catch {
      this.emit({ kind: 'settle_lost', credentialId });
      return this.#remembered(credentialId, trouble);
    }
  }

  /** Redis is away or lost its data: a problem at a gate that this process knows as closed still spends no attempt. */
  #remembered(credentialId: string, trouble: Trouble | undefined): Verdict {
    return { held: trouble !== undefined && this.isClosed(credentialId), run: 0 };
  }

  #jittered(trouble: Trouble): Trouble & { jitter: number } {
    return { ...trouble, jitter: Math.floor(this.#random() * 1000) };
  }

  #onSettled(credentialId: string, answer: readonly string[], cause?: string): Verdict {
    const [gate, limit, marginUs, held, run, ...events] = answer;
    // Until it is read, an unknown closed gate counts as closed by a machine, which claims the least.
    const isNews = gate !== this.#memory.of(credentialId).gate;
    const closer = isNews ? { gateBy: MACHINE, gateUntilMs: 0, ...NO_CAUSE } : {};
    this.#memory.learn(credentialId, { gate: gate!, limit: Number(limit), marginUs: Number(marginUs), ...closer });
    for (const kind of events as PacingEventKind[]) {
      const marginMs = Number(marginUs) / 1000;
      const about = gate ? { reason: gate, ...(gate === PROVIDER_OUTAGE && cause ? { cause } : {}) } : {};
      this.emit({ kind, credentialId, limit: Number(limit), marginMs, ...about });
    }
    return { held: held === '1', run: Number(run) };
  }

  async closeGate(credentialId: string, reason: string, untilMs: number | undefined, by: string): Promise<void> {
    const untilUs = untilMs === undefined ? 0 : Math.round(untilMs * 1000);
    const changed = await this.#gate(credentialId, { action: 'close', reason, untilUs, by });
    this.#memory.learn(credentialId, { gate: reason, gateUntilMs: untilMs ?? 0, gateBy: by, ...NO_CAUSE });
    if (changed) this.emit({ kind: 'gate_closed', credentialId, reason });
  }

  /** Restores what Redis lost, without undoing later changes. */
  async restoreGate(credentialId: string, gate: RememberedGate): Promise<void> {
    const { reason, untilMs, by, cause = '', sinceMs = 0 } = gate;
    const times = { untilUs: Math.round(untilMs * 1000), sinceUs: Math.round(sinceMs * 1000) };
    const changed = await this.#gate(credentialId, { action: 'restore', reason, by, cause, ...times });
    if (!changed) return;
    const known = { gateUntilMs: untilMs, gateBy: by, gateCause: cause, gateSinceMs: sinceMs };
    this.#memory.learn(credentialId, { gate: reason, ...known });
    this.emit({ kind: 'gate_closed', credentialId, reason });
  }

  /** Returns whether the gate was closed. */
  async openGate(credentialId: string, by: string): Promise<boolean> {
    const changed = await this.#gate(credentialId, { action: 'open', by });
    this.#memory.learn(credentialId, { gate: '' });
    if (changed) this.emit({ kind: 'gate_opened', credentialId, reason: by });
    return changed;
  }

  async #gate(credentialId: string, action: Record<string, string | number>): Promise<boolean> {
    const credential = this.#rulesOf(this.#find(credentialId));
    const args = [JSON.stringify({ credential, ...action })];
    return (await this.#scripts.run('gate', [this.key(credentialId)], args)) === 1;
  }

  /** Also restores a closed gate that Redis lost. */
  async look(credentialId: string): Promise<Look> {
    const sentMs = this.monotonicMs();
    const look = readLook(await this.#scripts.run('look', [this.key(credentialId)], ['{"day":0}']));
    this.#clock.observe(sentMs, this.monotonicMs(), look.nowUs / 1000);
    const before = this.#memory.of(credentialId);
    if (!look.fields) this.#closeAgain(credentialId, before);
    else if (!this.#noticeBirth(credentialId, look.fields.bornUs)) this.#memory.learnFields(credentialId, look.fields);
    return look;
  }

  async usage(date: string): Promise<Record<string, Usage>> {
    const day = date === 'total' ? 0 : dayNumber(date);
    const entries = this.credentials.map(async ({ id }) => {
      const look = readLook(await this.#scripts.run('look', [this.key(id)], [`{"day":${day}}`]));
      return [id, date === 'total' ? look.total : look.day] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  async restoreUsage(date: string, counts: Readonly<Record<string, Partial<Usage>>>): Promise<void> {
    const day = date === 'total' ? 'total' : String(dayNumber(date));
    for (const [id, usage] of Object.entries(counts)) {
      const pairs = Object.entries(usage).flatMap(([field, value]) => [field, String(Math.max(0, Math.floor(value)))]);
      const key = `${this.key(this.#find(id).id)}:usage:${day}`;
      if (pairs.length > 0) await this.#scripts.run('restore', [key], pairs);
    }
  }

  #find(credentialId: string): PoolCredential {
    const credential = this.credentials.find((it) => it.id === credentialId);
    if (!credential) throw new DefectError('pacing_no_credential', { fields: { credential: credentialId } });
    return credential;
  }

  #rulesOf({ id, qps, daily = 0, total = 0 }: PoolCredential): CredentialRules {
    const { limit, marginUs } = this.#memory.of(id);
    return { id, qps, daily, total, hintLimit: limit, hintMarginUs: marginUs };
  }

  /** Redis lost its data: its first slot is one window away, which leaves time to close gates again. */
  #noticeBirth(credentialId: string, bornUs: number): boolean {
    const before = this.#memory.noticeBirth(credentialId, bornUs);
    if (!before) return false;
    this.emit({ kind: 'state_fresh', credentialId });
    this.#closeAgain(credentialId, before);
    return true;
  }

  #closeAgain(credentialId: string, { gate, gateUntilMs, gateBy, gateCause, gateSinceMs }: Known): void {
    if (gate === '') return;
    const known = { cause: gateCause, sinceMs: gateSinceMs };
    const remembered = { reason: gate, untilMs: gateUntilMs, by: gateBy || MACHINE, ...known };
    void this.restoreGate(credentialId, remembered).catch(() => undefined);
  }
}
