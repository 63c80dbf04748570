import { ManualClock } from '@cardseal/base/clock';
import type { CredentialSnapshot, ReopenListener } from '@cardseal/pacer';
import { describe, expect, it } from 'vitest';
import { createGateHold } from './gate-hold.ts';

type Gate = CredentialSnapshot['gate'];

function setUp(...gates: Gate[]) {
  const clock = new ManualClock(1_000_000);
  const taps: string[] = [];
  let listener: ReopenListener = () => {};
  let looks = 0;
  const hold = createGateHold({
    pacer: {
      snapshot: async () => {
        looks++;
        return gates.map((gate) => ({ gate }) as CredentialSnapshot);
      },
      onReopen: (added) => {
        listener = added;
        return () => {};
      },
    },
    clock,
    intake: { close: () => taps.push('close'), open: (flow) => taps.push(flow) },
    onChange: () => {},
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    hold,
    clock,
    taps,
    gates,
    settle,
    tell: (it: Parameters<ReopenListener>[0]) => listener(it),
    looks: () => looks,
  };
}

const closed: Gate = { state: 'closed', reason: 'daily_quota' };

describe('the hold at closed gates', () => {
  it('closes the intake once for all jobs, and only when no gate is open', async () => {
    const open = setUp(closed, { state: 'open' });
    expect(await open.hold.hold()).toBe(false);
    expect(open.taps).toEqual([]);
    const shut = setUp(closed, closed);
    expect(await Promise.all([shut.hold.hold(), shut.hold.hold(), shut.hold.hold()])).toEqual([true, true, true]);
    expect(shut.taps).toEqual(['close']);
  });

  it('lets one job at a time through for a due probe, and all after a gate opens', async () => {
    const { hold, taps, tell } = setUp(closed);
    await hold.hold();
    tell({ credentialId: 'a', kind: 'probe_due' });
    tell({ credentialId: 'a', kind: 'probe_due' });
    expect(taps).toEqual(['close', 'one']);
    tell({ credentialId: 'a', kind: 'opened' });
    expect(taps).toEqual(['close', 'one', 'all']);
  });

  it('a probe does not end the hold: only its response does', async () => {
    const { hold, taps, tell, gates, clock, settle } = setUp(closed);
    await hold.hold();
    tell({ credentialId: 'a', kind: 'probe_due' });
    expect(hold.held()).toBe(true);
    gates[0] = { state: 'open' };
    for (let looks = 0; looks < 2; looks++) {
      await settle();
      clock.advance(500);
    }
    await settle();
    expect(taps).toEqual(['close', 'one', 'all']);
    expect(hold.held()).toBe(false);
  });

  it('closes the intake again after a failed probe', async () => {
    const { hold, taps, tell } = setUp(closed);
    await hold.hold();
    tell({ credentialId: 'a', kind: 'probe_due' });
    await hold.hold();
    expect(taps).toEqual(['close', 'one', 'close']);
  });

  it('finds a missed announcement within half a second, and a known end at its time', async () => {
    const { hold, taps, gates, clock, settle } = setUp({ ...closed, until: 1_000_300 });
    await hold.hold();
    await settle();
    gates[0] = { state: 'open' };
    clock.advance(299);
    await settle();
    expect(taps).toEqual(['close']);
    clock.advance(1);
    await settle();
    expect(taps).toEqual(['close', 'all']);
  });

  it('lets one job through again when a job in flight closed the intake although a probe is due', async () => {
    const { hold, taps, tell, gates, clock, settle } = setUp(closed);
    await hold.hold();
    gates[0] = { ...closed, probeDue: true };
    tell({ credentialId: 'a', kind: 'probe_due' });
    // A call that hung since before the gate closed ends now, and its job finds the closed gate.
    await hold.hold();
    expect(taps).toEqual(['close', 'one', 'close']);
    for (let half = 0; half < 2; half++) {
      await settle();
      clock.advance(500);
    }
    await settle();
    expect(taps).toEqual(['close', 'one', 'close', 'one']);
    await hold.stop();
  });

  it('tries at most every five seconds while a probe stays due', async () => {
    const { hold, taps, clock, settle } = setUp({ ...closed, probeDue: true });
    await hold.hold();
    for (let half = 0; half < 400; half++) {
      await settle();
      if (taps.at(-1) === 'one') await hold.hold();
      clock.advance(500);
    }
    const tries = taps.filter((intake) => intake === 'one').length;
    expect(tries).toBeGreaterThan(30);
    expect(tries).toBeLessThanOrEqual(41);
    await hold.stop();
  });

  it('does not interfere with a probe that is in flight or not due yet', async () => {
    const { hold, taps, clock, settle } = setUp({ ...closed, probeAt: 900_000 });
    await hold.hold();
    for (let half = 0; half < 100; half++) {
      await settle();
      clock.advance(500);
    }
    expect(taps).toEqual(['close']);
    await hold.stop();
  });

  it('reads seldom during a hold', async () => {
    const { hold, clock, settle, looks } = setUp(closed);
    await hold.hold();
    for (let second = 0; second < 60; second++) {
      clock.advance(1000);
      await settle();
    }
    expect(looks()).toBeLessThanOrEqual(122);
    await hold.stop();
  });
});
