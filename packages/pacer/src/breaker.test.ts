import { describe, expect, it } from 'vitest';
import type { Trouble } from './breaker.ts';
import { close, MACHINE, openByPerson, restore } from './gate.ts';
import { type OutcomeKind, reserve, type Settled, settle } from './model.ts';
import { rulesFrom } from './rules.ts';
import { freshState, type PacingState, PROVIDER_OUTAGE } from './state.ts';

const rules = rulesFrom();
const START_US = 1_790_000_000_000_000;
const SECOND_US = 1_000_000;
const credential = { id: 'a', qps: 20, daily: 0, total: 0, hintLimit: 0, hintMarginUs: 0 };

const provider = (image = 'one'): Trouble => ({ scope: 'provider', cause: 'upstream_http_5xx', image });
const image = (tag: string): Trouble => ({ scope: 'image', cause: 'upstream_internal_error', image: tag });

/** One credential and a clock: calls are reserved and settled in the same instant. */
function bench() {
  const state = freshState(credential, rules, START_US, 'r');
  state.holdUs = 0;
  const pool: (PacingState | undefined)[] = [state];
  let nowUs = START_US + 20 * SECOND_US;
  const ask = () =>
    reserve(pool, { nowUs, withinUs: rules.horizonUs, run: 'r', rules, credentials: [credential] }).answer;
  const call = (kind: OutcomeKind, trouble?: Trouble, afterUs = SECOND_US): Settled | null => {
    nowUs += afterUs;
    const answer = ask();
    if (answer.code !== 'granted') return null;
    const { id, slotUs } = answer;
    const about = trouble ? { trouble, jitterPermille: 500 } : {};
    return settle(state, { nowUs: slotUs + 1, id, slotUs, kind, sentUs: 0, rules, ...about });
  };
  return {
    state,
    ask,
    call,
    wait: (seconds: number) => {
      nowUs += seconds * SECOND_US;
    },
    now: () => nowUs,
  };
}

function inOutage() {
  const it = bench();
  for (let n = 0; n < 5; n++) it.call('failed', provider());
  expect(it.state.gate).toBe(PROVIDER_OUTAGE);
  return it;
}

describe('the circuit breaker', () => {
  it('opens on five troubles in a row that no image can cause, even of one image', () => {
    const { call, state } = bench();
    const verdicts = Array.from({ length: 5 }, () => call('failed', provider())!.verdict.held);
    expect(verdicts).toEqual([false, false, false, false, true]);
    expect(state).toMatchObject({ gate: PROVIDER_OUTAGE, gateCause: 'upstream_http_5xx', gateBy: MACHINE });
  });

  it('stays shut for one image that always gets a transient code, however often', () => {
    const { call, state } = bench();
    for (let n = 0; n < 50; n++) expect(call('failed', image('bad'))!.verdict.held).toBe(false);
    expect(state.gate).toBe('');
  });

  it('opens when a second image gets the same', () => {
    const { call, state } = bench();
    for (let n = 0; n < 10; n++) call('failed', image('bad'));
    call('failed', image('another'));
    expect(state.gate).toBe(PROVIDER_OUTAGE);
  });

  it.each(['accepted', 'answered'] as const)('restarts its count after a call that was %s', (kind) => {
    const { call, state } = bench();
    for (let round = 0; round < 10; round++) {
      for (const tag of ['a', 'b', 'a', 'b']) call('failed', image(tag));
      call(kind);
    }
    expect(state.gate).toBe('');
  });

  it('says of every failure in flight when it opened that it belongs to the outage', () => {
    const it = bench();
    const inFlight = [it.ask(), it.ask()];
    for (let n = 0; n < 5; n++) it.call('failed', provider());
    for (const answer of inFlight) {
      if (answer.code !== 'granted') throw new Error(answer.code);
      const { id, slotUs } = answer;
      const late = settle(it.state, {
        nowUs: it.now(),
        id,
        slotUs,
        kind: 'failed',
        sentUs: 0,
        rules,
        trouble: provider(),
      });
      expect(late.verdict).toEqual({ held: true, run: it.state.outageRun });
    }
  });

  it('names the run of the attempts that were spent before the gate closed, so that they can be given back', () => {
    const { call, state } = bench();
    const runs = Array.from({ length: 5 }, () => call('failed', provider())!.verdict.run);
    expect(new Set(runs)).toEqual(new Set([state.outageRun]));
    expect(state.outageRun).toBeGreaterThan(0);
  });

  it('keeps the names of earlier runs, because a job may start again after several outages only', () => {
    const it = bench();
    const runs: string[] = [];
    for (let outage = 0; outage < 60; outage++) {
      for (let n = 0; n < 5; n++) it.call('failed', provider());
      runs.unshift(String(it.state.outageRun));
      it.wait(7);
      it.call('accepted');
    }
    expect(new Set(runs).size).toBe(60);
    expect(it.state.outageRuns.split(' ')).toEqual(runs.slice(0, 50));
  });
});

describe('probes of an outage', () => {
  it('are one at a time, the first after about five seconds, then at growing pauses of at most 18', () => {
    const it = inOutage();
    const pauses: number[] = [];
    let lastUs = it.now();
    for (let tenth = 0; tenth < 2000; tenth++) {
      const told = it.call('failed', provider(), SECOND_US / 10);
      if (!told) continue;
      expect(told.verdict.held).toBe(true);
      pauses.push(Math.round((it.now() - lastUs) / SECOND_US));
      lastUs = it.now();
    }
    expect(pauses.slice(0, 5)).toEqual([5, 10, 15, 15, 15]);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(18);
  });

  it('keep all other calls back while one is out', () => {
    const it = inOutage();
    it.wait(7);
    expect(it.ask()).toMatchObject({ code: 'granted', probe: true });
    expect(it.ask()).toMatchObject({ code: 'closed', reason: PROVIDER_OUTAGE });
  });

  it('that could not be prepared count as failed ones, so that a dead key wrapper is not tried more often', () => {
    const it = inOutage();
    it.wait(7);
    expect(it.call('unsent', provider())!.verdict.held).toBe(true);
    expect(it.state.gateProbeUs - it.now()).toBeGreaterThan(9 * SECOND_US);
  });

  it('that left no call are not counted as used, however long their preparation took', () => {
    const it = inOutage();
    const used = it.state.usage.total!.calls;
    it.wait(7);
    const { id, slotUs } = it.ask() as { id: number; slotUs: number };
    it.wait(6);
    // Another worker asks: slots of more than five seconds ago are forgotten.
    it.ask();
    settle(it.state, { nowUs: it.now(), id, slotUs, kind: 'unsent', sentUs: 0, rules, trouble: provider() });
    expect(it.state.usage.total!.calls).toBe(used);
  });

  it('keep to the allowance', () => {
    const it = inOutage();
    it.wait(7);
    const ask = (total: number) =>
      reserve([it.state], {
        nowUs: it.now(),
        withinUs: rules.horizonUs,
        run: 'r',
        rules,
        credentials: [{ ...credential, total }],
      }).answer;
    expect(ask(5)).toMatchObject({ code: 'closed', reason: 'total_allowance' });
    expect(ask(6)).toMatchObject({ code: 'granted', probe: true });
  });

  it.each(['accepted', 'answered'] as const)(
    'open the gate when one is %s, and the rate starts at a quarter',
    (kind) => {
      const it = inOutage();
      it.wait(7);
      expect(it.call(kind)!.events).toContain('gate_opened');
      expect(it.state).toMatchObject({ gate: '', limit: 5 });
      // Demand without end: the limit climbs back within half a minute.
      for (let ms = 0; ms < 30_000; ms += 10) {
        it.wait(0.01);
        const answer = it.ask();
        if (answer.code !== 'granted') continue;
        const { id, slotUs } = answer;
        settle(it.state, { nowUs: it.now(), id, slotUs, kind: 'accepted', sentUs: 0, rules });
      }
      expect(it.state.limit).toBe(20);
    },
  );

  it('close the gate for a quota when the provider now reports a quota', () => {
    const it = inOutage();
    it.wait(7);
    it.call('total_quota');
    expect(it.state.gate).toBe('total_quota');
    it.wait(60);
    expect(it.ask()).toMatchObject({ code: 'closed', reason: 'total_quota' });
  });

  it('are not held against the provider when they began before the gate opened', () => {
    const it = bench();
    const old = Array.from({ length: 8 }, () => it.ask());
    for (let n = 0; n < 5; n++) it.call('failed', provider());
    it.wait(7);
    it.call('accepted');
    for (const answer of old) {
      if (answer.code !== 'granted') continue;
      const { id, slotUs } = answer;
      const told = settle(it.state, {
        nowUs: it.now(),
        id,
        slotUs,
        kind: 'failed',
        sentUs: 0,
        rules,
        trouble: provider(),
      });
      expect(told.verdict.held).toBe(true);
    }
    expect(it.state.gate).toBe('');
  });
});

describe('the gate of an outage beside others', () => {
  /** A quota is used up, and by the time of its probe the provider is away as well. */
  function atQuotaProbe() {
    const it = bench();
    it.call('total_quota');
    it.wait(3601);
    return it;
  }

  it.each([provider(), image('one')])('spends no attempt on the probe of another gate: $scope', (trouble) => {
    const it = atQuotaProbe();
    const pauses: number[] = [];
    for (let lastUs = it.now(), tenth = 0; tenth < 1000; tenth++) {
      const told = it.call('failed', trouble, SECOND_US / 10);
      if (!told) continue;
      expect(told.verdict.held).toBe(true);
      pauses.push(Math.round((it.now() - lastUs) / SECOND_US));
      lastUs = it.now();
    }
    expect(it.state.gate).toBe('total_quota');
    expect(pauses.slice(1, 4)).toEqual([10, 15, 15]);
  });

  it('spends no attempt on a call that was in flight when another gate closed', () => {
    const it = bench();
    const { id, slotUs } = it.ask() as { id: number; slotUs: number };
    it.call('total_quota');
    const about = { nowUs: it.now(), id, slotUs, sentUs: 0, rules };
    expect(settle(it.state, { ...about, kind: 'failed', trouble: provider() }).verdict.held).toBe(true);
  });

  it.each(['accepted', 'failed', 'refused_qps'] as const)(
    'gives way to a person, also while the probe of another gate is out: %s',
    (kind) => {
      const it = atQuotaProbe();
      const { id, slotUs } = it.ask() as { id: number; slotUs: number };
      close(it.state, rules, it.now() + 1, 'operator', 0, 'ann');
      const about = kind === 'failed' ? { trouble: provider() } : {};
      settle(it.state, { nowUs: it.now() + SECOND_US, id, slotUs, kind, sentUs: 0, rules, ...about });
      it.wait(7200);
      expect(it.ask()).toEqual({ code: 'closed', reason: 'operator', nextUs: 0 });
    },
  );

  it('never replaces a gate that is closed for another reason', () => {
    const state = freshState(credential, rules, START_US, 'r');
    close(state, rules, START_US, 'daily_quota', START_US + 60 * SECOND_US, MACHINE);
    restore(state, rules, START_US + 1, PROVIDER_OUTAGE, 0, MACHINE, { cause: 'upstream_timeout', sinceUs: 1 });
    expect(state.gate).toBe('daily_quota');
  });

  it('is put back after Redis forgot it, with its cause and since when', () => {
    const state = freshState(credential, rules, START_US, 'r');
    const sinceUs = START_US - 90 * SECOND_US;
    restore(state, rules, START_US + 1, PROVIDER_OUTAGE, 0, MACHINE, { cause: 'upstream_timeout', sinceUs });
    expect(state).toMatchObject({ gate: PROVIDER_OUTAGE, gateCause: 'upstream_timeout', gateSinceUs: sinceUs });
    expect(state.gateProbeUs - START_US).toBeLessThanOrEqual(6 * SECOND_US);
  });

  it('stays open when a person opened it while Redis did not know that it was closed', () => {
    const state = freshState(credential, rules, START_US, 'r');
    openByPerson(state, START_US + 1, 'ann');
    expect(restore(state, rules, START_US + 2, 'operator', 0, 'bob')).toBe(false);
    expect(state.gate).toBe('');
  });
});
