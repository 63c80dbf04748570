import { describe, expect, it } from 'vitest';
import { between } from './samples.ts';

const look = (calls: number, refused = 0, open: 0 | 1 = 1) => ({
  main: [calls, refused, 10, 9, open] as [number, number, number, number, 0 | 1],
});

describe('samples of calls', () => {
  it('are what was called between two looks', () => {
    const lines = between([
      { atMs: 0, look: look(100) },
      { atMs: 10_000, look: look(180, 6) },
      { atMs: 30_000, look: look(200, 0, 0) },
    ]);
    expect(lines.get('main')).toEqual([
      { atMs: 10_000, calls: 80, refused: 1, seconds: 10, nominalQps: 10, currentQps: 9, open: true },
      { atMs: 30_000, calls: 20, refused: 0, seconds: 20, nominalQps: 10, currentQps: 9, open: false },
    ]);
  });

  it('begin anew where the count fell, and count nothing where a credential is new', () => {
    const lost = between([
      { atMs: 0, look: look(500) },
      { atMs: 10_000, look: look(30) },
    ]);
    expect(lost.get('main')![0]!.calls).toBe(30);
    const fresh = between([
      { atMs: 0, look: {} },
      { atMs: 10_000, look: look(500) },
    ]);
    expect(fresh.get('main')![0]!.calls).toBe(0);
  });
});
