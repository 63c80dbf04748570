/**
 * The credentials of this deployment and their state in Redis, behind the scripts. Keeps a copy of what it last heard
 * (limit, margin, gate), so that a Redis that forgot can be told, and never uses that copy to hand out a permit.
 */
import { DefectError } from '../errors/index.ts';
import type { OutcomeKind, PacingEventKind } from './model.ts';
import type { Rules } from './rules.ts';
import type { Scripts } from './scripts.ts';
import { ServerClock } from './server-clock.ts';
import { type CredentialRules, type PacingFields, shanghaiDay, type Usage } from './state.ts';

export interface PoolCredential {
  id: string;
  /** Nominal calls per second. */
  qps: number;
  daily?: number;
  total?: number;
}

export type PacingEvent =
  | {
      kind: PacingEventKind | 'rate_rose' | 'state_fresh' | 'settle_lost';
      credentialId: string;
      reason?: string;
      limit?: number;
      marginMs?: number;
    }
  | { kind: 'permit_expired'; credentialId: string; latenessMs: number };

export interface Grant {
  credentialId: string;
  id: number;
  slotUs: number;
  probe: boolean;
}

export type Reservation =
  | { code: 'granted'; grant: Grant }
  | { code: 'wait'; waitMs: number }
  | { code: 'closed'; reason: string; retryAfterMs: number };

export interface Look {
  nowUs: number;
  fields: PacingFields | undefined;
  today: Usage;
  total: Usage;
  lastUs: number;
  nthUs: number;
}

interface Known {
  bornUs: number;
  limit: number;
  marginUs: number;
  gate: string;
  gateUntilMs: number;
  gateByPerson: boolean;
}

interface PoolParts {
  scripts: Scripts;
  prefix: string;
  credentials: readonly PoolCredential[];
  rules: Rules;
  monotonicMs: () => number;
  emit: (event: PacingEvent) => void;
}

/** Closed gates are looked at again after this at the latest, should every announcement be missed. */
const GATE_RETRY_MAX_MS = 300_000;

export class Pool {
  readonly credentials: readonly PoolCredential[];
  readonly rules: Rules;
  readonly monotonicMs: () => number;
  readonly emit: (event: PacingEvent) => void;
  readonly #scripts: Scripts;
  readonly #prefix: string;
  readonly #rulesJson: string;
  readonly #clock = new ServerClock();
  readonly #known = new Map<string, Known>();

  constructor(parts: PoolParts) {
    this.credentials = parts.credentials;
    this.rules = parts.rules;
    this.monotonicMs = parts.monotonicMs;
    this.emit = parts.emit;
    this.#scripts = parts.scripts;
    this.#prefix = parts.prefix;
    this.#rulesJson = JSON.stringify(parts.rules);
    for (const it of parts.credentials) {
      if (!Number.isInteger(it.qps) || it.qps < 1)
        throw new DefectError('pacing_settings', { fields: { credential: it.id } });
    }
  }

  /** One hash tag for the whole pool: a permit is chosen among all credentials in one script. */
  key(credentialId: string): string {
    return `{${this.#prefix}:pacing}:${credentialId}`;
  }

  /** How long ago a moment of Redis' clock was; negative for the future. */
  sinceMs(serverUs: number): number {
    return this.#clock.toServerMs(this.monotonicMs()) - serverUs / 1000;
  }

  async reserve(maxWaitMs: number, only: readonly string[] | undefined): Promise<Reservation> {
    const candidates = this.credentials.filter((it) => !only || only.includes(it.id));
    if (candidates.length === 0) throw new DefectError('pacing_no_credential');
    const withinUs = Math.min(this.rules.horizonUs, Math.round(maxWaitMs * 1000));
    const credentials = JSON.stringify(candidates.map((it) => this.#rulesOf(it)));
    const settings = `{"rules":${this.#rulesJson},"withinUs":${withinUs},"credentials":${credentials}}`;
    const sentMs = this.monotonicMs();
    const keys = candidates.map((it) => this.key(it.id));
    const answer = (await this.#scripts.run('reserve', keys, [settings], (late) =>
      this.#returnLate(late, candidates),
    )) as string[];
    const nowUs = Number(answer[0]);
    this.#clock.observe(sentMs, this.monotonicMs(), nowUs / 1000);
    answer[1]!.split(',').forEach((bornUs, index) => {
      this.#noticeBirth(candidates[index]!.id, Number(bornUs));
    });
    return this.#read(answer, nowUs, candidates);
  }

  #read(answer: string[], nowUs: number, candidates: PoolCredential[]): Reservation {
    if (answer[2] === 'wait') return { code: 'wait', waitMs: (Number(answer[3]) - nowUs) / 1000 };
    if (answer[2] === 'closed') {
      const nextUs = Number(answer[4]);
      const inMs = nextUs > 0 ? (nextUs - nowUs) / 1000 : GATE_RETRY_MAX_MS;
      const retryAfterMs = Math.ceil(Math.min(GATE_RETRY_MAX_MS, Math.max(1000, inMs)));
      return { code: 'closed', reason: answer[3]!, retryAfterMs };
    }
    const grant = grantFrom(answer, candidates);
    const limit = Number(answer[8]);
    const marginUs = Number(answer[9]);
    this.#learn(grant.credentialId, { limit, marginUs, ...(grant.probe ? {} : { gate: '' }) });
    if (answer[7] === '1') {
      this.emit({ kind: 'rate_rose', credentialId: grant.credentialId, limit, marginMs: marginUs / 1000 });
    }
    return { code: 'granted', grant };
  }

  /** A reservation answered after the caller had been told that Redis is away: nobody will use it. */
  #returnLate(answer: unknown, candidates: PoolCredential[]): void {
    const fields = answer as string[];
    if (fields[2] === 'granted') void this.settle(grantFrom(fields, candidates), { kind: 'unsent' });
  }

  /** Small lateness is covered by half of the margin; more is told at once. Returns whether it was. */
  reportLate(grant: Grant, latenessMs: number): boolean {
    const marginUs = this.#known.get(grant.credentialId)?.marginUs ?? this.rules.initialMarginUs;
    if (latenessMs * 1000 <= marginUs / 2) return false;
    void this.settle(grant, { kind: 'late', agoMs: 0 });
    return true;
  }

  async settle(grant: Grant, outcome: { kind: OutcomeKind | 'late'; agoMs?: number | undefined }): Promise<void> {
    const sentUs =
      outcome.agoMs === undefined ? 0 : Math.round(grant.slotUs + (this.sinceMs(grant.slotUs) - outcome.agoMs) * 1000);
    const event = `"id":${grant.id},"slotUs":${grant.slotUs},"kind":"${outcome.kind}","sentUs":${sentUs}`;
    try {
      const args = [`{"rules":${this.#rulesJson},${event}}`];
      const answer = (await this.#scripts.run('settle', [this.key(grant.credentialId)], args)) as string[];
      if (answer.length > 0) this.#onSettled(grant.credentialId, answer);
    } catch {
      this.emit({ kind: 'settle_lost', credentialId: grant.credentialId });
    }
  }

  #onSettled(credentialId: string, [gate, limit, marginUs, ...events]: string[]): void {
    this.#learn(credentialId, { gate: gate!, limit: Number(limit), marginUs: Number(marginUs) });
    for (const kind of events as PacingEventKind[]) {
      const marginMs = Number(marginUs) / 1000;
      this.emit({ kind, credentialId, limit: Number(limit), marginMs, ...(gate ? { reason: gate } : {}) });
    }
  }

  async closeGate(credentialId: string, reason: string, untilMs: number | undefined, by: string): Promise<boolean> {
    const until = untilMs === undefined ? 0 : Math.round(untilMs * 1000);
    const changed = await this.#gate(credentialId, { action: 'close', reason, untilUs: until, by });
    this.#learn(credentialId, { gate: reason, gateUntilMs: untilMs ?? 0, gateByPerson: by !== 'machine' });
    if (changed) this.emit({ kind: 'gate_closed', credentialId, reason });
    return changed;
  }

  async openGate(credentialId: string, by: string): Promise<boolean> {
    const changed = await this.#gate(credentialId, { action: 'open', by });
    this.#learn(credentialId, { gate: '' });
    if (changed) this.emit({ kind: 'gate_opened', credentialId, reason: by });
    return changed;
  }

  async #gate(credentialId: string, action: Record<string, string | number>): Promise<boolean> {
    const credential = this.#find(credentialId);
    const args = [JSON.stringify({ rules: this.rules, credential: this.#rulesOf(credential), ...action })];
    return (await this.#scripts.run('gate', [this.key(credentialId)], args)) === 1;
  }

  async look(credentialId: string): Promise<Look> {
    const sentMs = this.monotonicMs();
    const answer = (await this.#scripts.run('look', [this.key(credentialId)], ['{"day":0}'])) as [
      string,
      string[],
      string[],
      string[],
      string,
      string,
    ];
    const nowUs = Number(answer[0]);
    this.#clock.observe(sentMs, this.monotonicMs(), nowUs / 1000);
    const fields = answer[1].length === 0 ? undefined : fieldsFrom(answer[1]);
    this.#learnFrom(credentialId, fields);
    return {
      nowUs,
      fields,
      today: usageFrom(answer[2]),
      total: usageFrom(answer[3]),
      lastUs: Number(answer[4]),
      nthUs: Number(answer[5]),
    };
  }

  #learnFrom(credentialId: string, fields: PacingFields | undefined): void {
    const known = this.#known.get(credentialId);
    if (!fields) {
      if (known && known.gate !== '') this.#closeAgain(credentialId, known);
      return;
    }
    const { bornUs, gate, limit, marginUs } = fields;
    const forgotGate = known && known.bornUs > 0 && known.bornUs !== bornUs && known.gate !== '' && gate === '';
    this.#noticeBirth(credentialId, bornUs);
    if (forgotGate) return;
    const gateByPerson = gate !== '' && fields.gateProbeUs === 0;
    this.#learn(credentialId, { gate, limit, marginUs, gateUntilMs: fields.gateUntilUs / 1000, gateByPerson });
  }

  async usage(day: string): Promise<Record<string, Usage>> {
    const number = day === 'total' ? 0 : dayNumber(day);
    const entries = this.credentials.map(async ({ id }) => {
      const answer = (await this.#scripts.run('look', [this.key(id)], [`{"day":${number}}`])) as string[][];
      return [id, usageFrom(answer[day === 'total' ? 3 : 2]!)] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  async restoreUsage(day: string, counts: Readonly<Record<string, Partial<Usage>>>): Promise<void> {
    const suffix = day === 'total' ? 'total' : String(dayNumber(day));
    for (const [id, usage] of Object.entries(counts)) {
      const pairs = Object.entries(usage).flatMap(([field, value]) => [field, String(Math.max(0, Math.floor(value)))]);
      if (pairs.length > 0)
        await this.#scripts.run('restore', [`${this.key(this.#find(id).id)}:usage:${suffix}`], pairs);
    }
  }

  isClosed(credentialId: string): boolean {
    return (this.#known.get(credentialId)?.gate ?? '') !== '';
  }

  #find(credentialId: string): PoolCredential {
    const credential = this.credentials.find((it) => it.id === credentialId);
    if (!credential) throw new DefectError('pacing_no_credential', { fields: { credential: credentialId } });
    return credential;
  }

  #rulesOf(it: PoolCredential): CredentialRules {
    const known = this.#known.get(it.id);
    const hints = { hintLimit: known?.limit ?? 0, hintMarginUs: known?.marginUs ?? 0 };
    return { id: it.id, qps: it.qps, daily: it.daily ?? 0, total: it.total ?? 0, ...hints };
  }

  #learn(credentialId: string, news: Partial<Known>): void {
    const known = this.#known.get(credentialId);
    const none = {
      bornUs: 0,
      limit: 0,
      marginUs: this.rules.initialMarginUs,
      gate: '',
      gateUntilMs: 0,
      gateByPerson: false,
    };
    this.#known.set(credentialId, { ...none, ...known, ...news });
  }

  /** Redis forgot: the first slot is a window away, which leaves time to close again what was closed. */
  #noticeBirth(credentialId: string, bornUs: number): void {
    const known = this.#known.get(credentialId);
    if (known?.bornUs === bornUs) return;
    this.#learn(credentialId, { bornUs });
    if (!known || known.bornUs === 0) return;
    this.emit({ kind: 'state_fresh', credentialId });
    if (known.gate !== '') this.#closeAgain(credentialId, known);
  }

  #closeAgain(credentialId: string, { gate, gateUntilMs, gateByPerson }: Known): void {
    const untilMs = gateUntilMs > 0 ? gateUntilMs : undefined;
    void this.closeGate(credentialId, gate, untilMs, gateByPerson ? 'restored' : 'machine').catch(() => undefined);
  }
}

const grantFrom = (answer: string[], candidates: PoolCredential[]): Grant => ({
  credentialId: candidates[Number(answer[3])]!.id,
  id: Number(answer[4]),
  slotUs: Number(answer[5]),
  probe: answer[6] === '1',
});

const dayNumber = (day: string): number => shanghaiDay(Date.parse(`${day}T00:00:00+08:00`) * 1000);

function usageFrom(flat: string[]): Usage {
  const usage = { calls: 0, accepted: 0, failed: 0, refused: 0 };
  for (let i = 0; i < flat.length; i += 2) usage[flat[i] as keyof Usage] = Number(flat[i + 1]);
  return usage;
}

function fieldsFrom(flat: string[]): PacingFields {
  const fields: Record<string, string | number> = {};
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i]!;
    fields[name] = name === 'run' || name === 'gate' || name === 'gateBy' ? flat[i + 1]! : Number(flat[i + 1]);
  }
  return fields as unknown as PacingFields;
}
