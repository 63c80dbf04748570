import { describe, expect, it } from 'vitest';
import { between } from './samples.ts';

const snapshot = (calls: number, refused = 0, open: 0 | 1 = 1) => ({
  main: [calls, refused, 10, 9, open] as [number, number, number, number, 0 | 1],
});

describe('samples of calls', () => {
  it('hold the calls between two snapshots', () => {
    const lines = between([
      { atMs: 0, snapshot: snapshot(100) },
      { atMs: 10_000, snapshot: snapshot(180, 6) },
      { atMs: 30_000, snapshot: snapshot(200, 0, 0) },
    ]);
    expect(lines.get('main')).toEqual([
      { atMs: 10_000, calls: 80, refused: 1, seconds: 10, nominalQps: 10, currentQps: 9, open: true },
      { atMs: 30_000, calls: 20, refused: 0, seconds: 20, nominalQps: 10, currentQps: 9, open: false },
    ]);
  });

  it('count from zero after the counter fell, and count no calls for a new credential', () => {
    const lost = between([
      { atMs: 0, snapshot: snapshot(500) },
      { atMs: 10_000, snapshot: snapshot(30) },
    ]);
    expect(lost.get('main')![0]!.calls).toBe(30);
    const fresh = between([
      { atMs: 0, snapshot: {} },
      { atMs: 10_000, snapshot: snapshot(500) },
    ]);
    expect(fresh.get('main')![0]!.calls).toBe(0);
  });
});
