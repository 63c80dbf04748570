import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onTrouble, type Trouble, type TroubleVerdict } from './breaker.ts';
import { close, MACHINE, openByPerson, restore } from './gate.ts';
import { type OutcomeKind, reserve, settle } from './model.ts';
import { type PrivateRedis, startPrivateRedis } from './redis-for-tests.ts';
import { rulesFrom } from './rules.ts';
import { moveLate, refresh } from './schedule.ts';
import { type ScriptName, scriptText } from './scripts.ts';
import type { CredentialRules, PacingState } from './state.ts';

const START_US = 1_790_000_000_000_000;
const rules = rulesFrom({
  allowProbeUp: true,
  accountFaultMs: 4000,
  probeEveryMs: { account_fault: 2000, configuration: 500, provider_outage: 700 },
  outageCalls: 3,
  outageProbeMs: [500, 1500],
});
const TROUBLES = [
  { scope: 'provider', cause: 'upstream_http_5xx', image: 'a' },
  { scope: 'image', cause: 'upstream_internal_error', image: 'a' },
  { scope: 'image', cause: 'upstream_internal_error', image: 'b' },
] as const;
const KINDS = [
  'accepted',
  'refused_qps',
  'refused_qps',
  'failed',
  'unsent',
  'late',
  'daily_quota',
  'total_quota',
  'configuration',
] as const;

type Event =
  | { on: 'reserve'; credentials: readonly number[]; withinUs: number }
  | { on: 'settle'; pick: number; kind: OutcomeKind | 'late'; lateUs: number; trouble?: Trouble; jitter?: number }
  | { on: 'trouble'; credential: number; trouble: Trouble; jitter: number }
  | {
      on: 'gate';
      credential: number;
      action: 'open' | 'close' | 'restore';
      reason: string;
      untilUs: number;
      by: string;
    }
  | { on: 'restart' }
  | { on: 'wipe' };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      on: fc.constant('reserve' as const),
      credentials: fc.constantFrom([0], [1], [0, 1], [1, 0]),
      withinUs: fc.constantFrom(0, 100_000, 400_000),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      on: fc.constant('settle' as const),
      pick: fc.nat(),
      kind: fc.constantFrom(...KINDS.slice(0, 6)),
      lateUs: fc.integer({ min: 0, max: 100_000 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      on: fc.constant('settle' as const),
      pick: fc.nat(),
      kind: fc.constantFrom('failed' as const, 'failed' as const, 'unsent' as const, 'answered' as const),
      lateUs: fc.constant(0),
      trouble: fc.constantFrom(...TROUBLES),
      jitter: fc.nat(999),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      on: fc.constant('trouble' as const),
      credential: fc.nat(1),
      trouble: fc.constantFrom(...TROUBLES),
      jitter: fc.nat(999),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      on: fc.constant('settle' as const),
      pick: fc.nat(),
      kind: fc.constantFrom(...KINDS),
      lateUs: fc.constant(0),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      on: fc.constant('gate' as const),
      credential: fc.nat(1),
      action: fc.constantFrom('open' as const, 'close' as const, 'restore' as const),
      reason: fc.constantFrom('maintenance', 'provider_outage', 'daily_quota'),
      untilUs: fc.constantFrom(0, START_US + 5_000_000, START_US + 30_000_000, START_US + 90_000_000),
      by: fc.constantFrom(MACHINE, 'ann'),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ on: 'restart' as const }, { on: 'wipe' as const }) },
);
const timed = fc.tuple(fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 2_000_000 })), event);

function answerOf(state: PacingState, { held, run }: Pick<TroubleVerdict, 'held' | 'run'>, events: string[]): string[] {
  return [state.gate, state.limit, state.marginUs, Number(held), run, ...events].map(String);
}

let server: PrivateRedis;
beforeAll(async () => {
  server = await startPrivateRedis();
});
afterAll(() => server.stop());

class Twins {
  readonly #keys = ['{twin}:a', '{twin}:b'];
  readonly #credentials: CredentialRules[] = [
    { id: 'a', qps: 4, daily: 0, total: 60, hintLimit: 0, hintMarginUs: 0 },
    { id: 'b', qps: 13, daily: 40, total: 0, hintLimit: 9, hintMarginUs: 5000 },
  ];
  #pool: (PacingState | undefined)[] = [undefined, undefined];
  #permits: { credential: number; id: number; slotUs: number }[] = [];
  #run = 1;

  async apply(nowUs: number, it: Event): Promise<void> {
    if (it.on === 'restart') this.#run += 1;
    if (it.on === 'wipe') {
      await server.redis.flushall();
      this.#pool = [undefined, undefined];
    }
    if (it.on === 'reserve') await this.#reserve(nowUs, it.credentials, it.withinUs);
    if (it.on === 'settle') await this.#settle(nowUs, it);
    if (it.on === 'gate') await this.#gate(nowUs, it);
    if (it.on === 'trouble') await this.#trouble(nowUs, it);
    for (const index of this.#keys.keys()) expect(await this.#stored(index)).toEqual(this.#modelled(index));
  }

  async #reserve(nowUs: number, picks: readonly number[], withinUs: number): Promise<void> {
    const run = String(this.#run);
    const credentials = picks.map((index) => this.#credentials[index]!);
    const pool = picks.map((index) => this.#pool[index]);
    const { answer, born } = reserve(pool, { nowUs, withinUs, run, rules, credentials });
    picks.forEach((index, i) => {
      this.#pool[index] = pool[i];
    });
    const settings = { credentials, withinUs, testNow: nowUs, testRun: run };
    const said = await this.#eval(
      'reserve',
      picks.map((index) => this.#keys[index]!),
      settings,
    );
    const head = [String(nowUs), born.join(',')];
    if (answer.code === 'wait') expect(said).toEqual([...head, 'wait', String(answer.slotUs)]);
    if (answer.code === 'closed') expect(said).toEqual([...head, 'closed', answer.reason, String(answer.nextUs)]);
    if (answer.code !== 'granted') return;
    const { credential, id, slotUs, probe, rose } = answer;
    const state = pool[credential]!;
    const tail = [credential, id, slotUs, Number(probe), Number(rose), state.limit, state.marginUs].map(String);
    expect(said).toEqual([...head, 'granted', ...tail]);
    this.#permits.push({ credential: picks[credential]!, id, slotUs });
  }

  async #settle(nowUs: number, it: Event & { on: 'settle' }): Promise<void> {
    if (this.#permits.length === 0) return;
    const { credential, id, slotUs } = this.#permits[it.pick % this.#permits.length]!;
    const sentUs = it.lateUs > 0 ? slotUs + it.lateUs : 0;
    const state = this.#pool[credential];
    const { kind, jitter = 0 } = it;
    const trouble = kind === 'failed' || kind === 'unsent' ? it.trouble : undefined;
    if (kind === 'late') {
      if (state) moveLate(state, id, sentUs);
      await server.redis.eval(scriptText('late', rules), 1, this.#keys[credential]!, String(id), String(sentUs));
      return;
    }
    const about = trouble ? { trouble, jitterPermille: jitter } : {};
    const { verdict, events } = settle(state, { nowUs, id, slotUs, kind, sentUs, rules, ...about });
    const said = await this.#eval('settle', [this.#keys[credential]!], {
      id,
      slotUs,
      kind,
      sentUs,
      testNow: nowUs,
      ...(trouble ? { trouble: { ...trouble, jitter } } : {}),
    });
    expect(said).toEqual(state ? answerOf(state, verdict, events) : []);
  }

  async #trouble(nowUs: number, { credential, trouble, jitter }: Event & { on: 'trouble' }): Promise<void> {
    const run = String(this.#run);
    const state = refresh(this.#pool[credential], this.#credentials[credential]!, rules, nowUs, run);
    this.#pool[credential] = state;
    const input = { nowUs, slotUs: nowUs, trouble, probed: false, jitterPermille: jitter };
    const verdict = onTrouble(state, rules, input);
    const told = { credential: this.#credentials[credential], action: 'trouble', trouble: { ...trouble, jitter } };
    const settings = { ...told, testNow: nowUs, testRun: run };
    const said = await this.#eval('gate', [this.#keys[credential]!], settings);
    expect(said).toEqual(answerOf(state, verdict, verdict.opened ? ['gate_closed'] : []));
  }

  async #gate(nowUs: number, it: Event & { on: 'gate' }): Promise<void> {
    const credential = this.#credentials[it.credential]!;
    const run = String(this.#run);
    const state = refresh(this.#pool[it.credential], credential, rules, nowUs, run);
    this.#pool[it.credential] = state;
    const { action, untilUs, by, reason } = it;
    const known = { cause: reason === 'provider_outage' ? 'upstream_timeout' : '', sinceUs: START_US + 1 };
    const changed =
      action === 'open'
        ? openByPerson(state, nowUs, by)
        : action === 'close'
          ? close(state, rules, nowUs, reason, untilUs, by)
          : restore(state, rules, nowUs, reason, untilUs, by, known);
    const settings = { credential, action, reason, untilUs, by, ...known, testNow: nowUs, testRun: run };
    expect(await this.#eval('gate', [this.#keys[it.credential]!], settings)).toBe(changed ? 1 : 0);
  }

  #eval(script: ScriptName, keys: string[], settings: object): Promise<unknown> {
    return server.redis.eval(scriptText(script, rules), keys.length, ...keys, JSON.stringify(settings));
  }

  #modelled(index: number): unknown {
    const state = this.#pool[index];
    if (!state) return { fields: {}, slots: [], free: [], refused: [], total: {} };
    const { slots, free, refused, usage, ...fields } = state;
    const flat = (list: { id: number; atUs: number }[]) => list.flatMap((slot) => [String(slot.id), String(slot.atUs)]);
    const texts = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
    const total = Object.fromEntries(
      Object.entries(usage.total ?? {})
        .filter(([, n]) => n > 0)
        .map(([name, n]) => [name, String(n)]),
    );
    return { fields: texts, slots: flat(slots), free: flat(free), refused: flat(refused), total };
  }

  async #stored(index: number): Promise<unknown> {
    const key = this.#keys[index]!;
    const set = (suffix: string) => server.redis.zrange(`${key}:${suffix}`, '0', '-1', 'WITHSCORES');
    const used = await server.redis.hgetall(`${key}:usage:total`);
    const total = Object.fromEntries(Object.entries(used).filter(([, n]) => n !== '0'));
    const [fields, slots, free, refused] = await Promise.all([
      server.redis.hgetall(key),
      set('slots'),
      set('free'),
      set('refused'),
    ]);
    return { fields, slots, free, refused, total };
  }
}

describe('the Lua', () => {
  it('gives the same answers and keeps the same state as the model, on the same histories', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(timed, { minLength: 1, maxLength: 120, size: 'max' }), async (events) => {
        await server.redis.flushall();
        const twins = new Twins();
        let nowUs = START_US;
        for (const [pauseUs, it] of events) {
          nowUs += pauseUs;
          await twins.apply(nowUs, it);
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  it('does so too where refusals come one by one, at few and at many calls a second', async () => {
    for (const credential of [0, 1]) {
      await server.redis.flushall();
      const twins = new Twins();
      const reserveOne: Event = { on: 'reserve', credentials: [credential], withinUs: 400_000 };
      const settleOne = (pick: number, kind: OutcomeKind): Event => ({ on: 'settle', pick, kind, lateUs: 0 });
      await twins.apply(START_US, reserveOne);
      for (let turn = 0; turn < 9; turn++) {
        const nowUs = START_US + 2_000_000 + turn * 1_500_000;
        await twins.apply(nowUs, reserveOne);
        await twins.apply(nowUs, reserveOne);
        await twins.apply(nowUs + 700_000, settleOne(2 * turn, 'refused_qps'));
        await twins.apply(nowUs + 700_000, settleOne(2 * turn + 1, 'accepted'));
      }
    }
  });
});
