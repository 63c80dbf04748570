import { describe, expect, it } from 'vitest';
import { reserve, settle } from './model.ts';
import { rulesFrom } from './rules.ts';
import { nextShanghaiMidnightUs, type PacingState } from './state.ts';

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
