import { expect, it } from 'vitest';
import { asJson } from './json.ts';

it('converts names to snake_case and milliseconds to times at any depth, and keeps other values', () => {
  const atMs = Date.UTC(2026, 0, 2, 3, 4, 5);
  const at = '2026-01-02T03:04:05.000Z';
  expect(
    asJson({
      lastAtMs: atMs,
      endedAtMs: null,
      oldestMs: 1500,
      steps: [{ perMinute: 1.5, heldUntilMs: atMs }],
      gate: { state: 'closed', since: atMs, until: atMs, probeAt: atMs },
      limits: { inQueue: 5 },
      said: { at: 'until', problem: 'must be in the future' },
      none: null,
      open: true,
    }),
  ).toEqual({
    last_at: at,
    ended_at: null,
    oldest_ms: 1500,
    steps: [{ per_minute: 1.5, held_until: at }],
    gate: { state: 'closed', since: at, until: at, probe_at: at },
    limits: { in_queue: 5 },
    said: { at: 'until', problem: 'must be in the future' },
    none: null,
    open: true,
  });
});
