import { describe, expect, it } from 'vitest';
import { close, MACHINE, open, restore } from './gate.ts';
import { reserve, settle } from './model.ts';
import { rulesFrom } from './rules.ts';
import { freshState, nextShanghaiMidnightUs, type PacingState } from './state.ts';

const rules = rulesFrom();
const START_US = Date.parse('2026-03-01T15:59:00Z') * 1000;
const credentials = [{ id: 'a', qps: 10, daily: 0, total: 0, hintLimit: 0, hintMarginUs: 0 }];

/** Asks once a second, and answers each permit with `kind`; returns how many were granted and the state. */
function ask(
  seconds: number,
  kind: 'refused_qps' | 'accepted' | 'daily_quota',
  pool: (PacingState | undefined)[] = [undefined],
  fromUs = START_US,
) {
  let granted = 0;
  for (let second = 0; second < seconds; second++) {
    const nowUs = fromUs + second * 1_000_000;
    const { answer } = reserve(pool, { nowUs, withinUs: rules.horizonUs, run: 'r', rules, credentials });
    if (answer.code !== 'granted') continue;
    granted += 1;
    settle(pool[0], { nowUs: answer.slotUs + 300_000, id: answer.id, slotUs: answer.slotUs, kind, sentUs: 0, rules });
  }
  return { granted, state: pool[0]!, pool };
}

describe('the gate', () => {
  it('takes every call refused for two minutes for an account fault, not for pressure', () => {
    expect(ask(110, 'refused_qps').state.gate).toBe('');
    const { state, granted } = ask(200, 'refused_qps');
    expect(state.gate).toBe('account_fault');
    expect(granted).toBeLessThan(130);
  });

  it('does not, while one call now and then is accepted', () => {
    const first = ask(90, 'refused_qps');
    ask(10, 'accepted', first.pool, START_US + 90_000_000);
    expect(ask(90, 'refused_qps', first.pool, START_US + 100_000_000).state.gate).toBe('');
  });

  it('lets one probe an hour through a daily quota, and one at midnight in Shanghai', () => {
    const { state, pool } = ask(5, 'daily_quota');
    expect(new Date(state.gateUntilUs / 1000).toISOString()).toBe('2026-03-01T16:00:00.000Z');
    expect(ask(50, 'daily_quota', pool, START_US + 5_000_000).granted).toBe(0);
    const night = ask(5 * 3600, 'daily_quota', pool, START_US + 55_000_000);
    expect(night.granted).toBeGreaterThanOrEqual(5);
    expect(night.granted).toBeLessThanOrEqual(6);
    expect(new Date(night.state.gateUntilUs / 1000).toISOString()).toBe('2026-03-02T16:00:00.000Z');
  });

  it('opens when a probe is accepted', () => {
    const { pool } = ask(5, 'daily_quota');
    expect(ask(120, 'accepted', pool, START_US + 5_000_000).state.gate).toBe('');
  });

  it('knows when the day ends in Shanghai', () => {
    expect(nextShanghaiMidnightUs(Date.parse('2026-12-31T16:00:00Z') * 1000) / 1000).toBe(
      Date.parse('2027-01-01T16:00:00Z'),
    );
  });
});

describe('a gate that is put back after Redis forgot it', () => {
  const [soonUs, laterUs] = [START_US + 60_000_000, START_US + 3_600_000_000];
  const after = (...acts: ((state: PacingState) => unknown)[]) => {
    const state = freshState(credentials[0]!, rules, START_US, 'r');
    for (const act of acts) act(state);
    const { gate, gateBy, gateUntilUs, gateProbeUs } = state;
    return { gate, gateBy, gateUntilUs, gateProbeUs };
  };
  const shut = (reason: string, untilUs: number, by: string) => (state: PacingState) =>
    close(state, rules, START_US, reason, untilUs, by);
  const back = (reason: string, untilUs: number, by: string) => (state: PacingState) =>
    restore(state, rules, START_US + 1_000_000, reason, untilUs, by);

  it('keeps its state, whether a process or an operator closed it, unless its end has passed', () => {
    expect(after(back('operator', 0, 'ann'))).toMatchObject({ gate: 'operator', gateBy: 'ann', gateProbeUs: 0 });
    expect(after(back('daily_quota', laterUs, MACHINE))).toMatchObject({ gate: 'daily_quota', gateUntilUs: laterUs });
    expect(after(back('operator', START_US, 'ann')).gate).toBe('');
  });

  it('does not undo what a person did since', () => {
    expect(after(shut('maintenance', soonUs, 'bob'), back('operator', laterUs, 'ann'))).toMatchObject({
      gateBy: 'bob',
      gateUntilUs: soonUs,
    });
    const opened = after(
      shut('total_quota', 0, MACHINE),
      (state) => open(state, START_US + 1, 'bob'),
      back('total_quota', 0, MACHINE),
    );
    expect(opened.gate).toBe('');
  });

  it('extends what a machine did since, and never shortens it', () => {
    expect(after(shut('daily_quota', laterUs, MACHINE), back('daily_quota', soonUs, MACHINE)).gateUntilUs).toBe(
      laterUs,
    );
    expect(after(shut('daily_quota', soonUs, MACHINE), back('total_quota', 0, MACHINE)).gateUntilUs).toBe(0);
    expect(after(shut('daily_quota', soonUs, MACHINE), back('operator', laterUs, 'ann'))).toMatchObject({
      gateBy: 'ann',
      gateUntilUs: laterUs,
    });
    const both = after(shut('total_quota', 0, MACHINE), back('operator', laterUs, 'ann'));
    expect(both).toMatchObject({ gate: 'total_quota', gateUntilUs: 0 });
    expect(both.gateProbeUs).toBeGreaterThanOrEqual(laterUs);
  });
});
