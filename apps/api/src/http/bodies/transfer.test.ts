import { describe, expect, it } from 'vitest';
import { createTransfer } from './transfer.ts';

const limits = { idleMs: 15_000, minBytesPerSecond: 500, totalMs: 900_000 };

/** Sends `bytes` every `everyMs` and returns the first fault with its time, or null when `untilMs` is reached. */
function send(bytes: number, everyMs: number, untilMs: number) {
  const transfer = createTransfer(limits, 0);
  for (let nowMs = 500; nowMs <= untilMs; nowMs += 500) {
    if (nowMs % everyMs === 0) transfer.received(bytes, nowMs);
    const fault = transfer.fault(nowMs);
    if (fault) return { fault, nowMs };
  }
  return null;
}

describe('the transfer of a body', () => {
  it('may take minutes at a low and steady rate', () => {
    expect(send(700, 500, 600_000)).toBeNull();
  });

  it('ends when no byte arrives for the idle time', () => {
    expect(send(1_000_000, 16_000, 60_000)).toEqual({ fault: 'idle', nowMs: 15_000 });
  });

  it('ends when single bytes keep the connection busy', () => {
    expect(send(1, 500, 60_000)).toEqual({ fault: 'too_slow', nowMs: 15_000 });
  });

  it('ends when the rate drops after a fast start', () => {
    const transfer = createTransfer(limits, 0);
    transfer.received(50_000_000, 1000);
    expect(transfer.fault(15_000)).toBeNull();
    for (let nowMs = 16_000; nowMs < 30_000; nowMs += 1000) transfer.received(10, nowMs);
    expect(transfer.fault(30_000)).toBe('too_slow');
  });

  it('ends at the total time even at full rate', () => {
    expect(send(1_000_000, 500, 1_000_000)).toEqual({ fault: 'too_long', nowMs: 900_000 });
  });

  it('does not blame the client while the API holds it back', () => {
    const transfer = createTransfer(limits, 0);
    for (let nowMs = 1000; nowMs <= 120_000; nowMs += 1000) {
      transfer.heldBack(nowMs);
      expect(transfer.fault(nowMs)).toBeNull();
    }
    expect(transfer.fault(135_000)).toBe('idle');
  });
});
