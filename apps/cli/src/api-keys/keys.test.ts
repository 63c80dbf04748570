import { expect, it } from 'vitest';
import { stateOf } from './keys.ts';

it('a key is live until it expires or is revoked', () => {
  const nowMs = Date.parse('2026-11-28T10:00:00Z');
  const key = { revoked_at: null, expires_at: null };
  expect(stateOf(key, nowMs)).toBe('live');
  expect(stateOf({ ...key, expires_at: '2026-11-28T10:00:01Z' }, nowMs)).toBe('live');
  expect(stateOf({ ...key, expires_at: '2026-11-28T10:00:00Z' }, nowMs)).toBe('expired');
  expect(stateOf({ revoked_at: '2026-11-28T09:00:00Z', expires_at: '2026-11-28T08:00:00Z' }, nowMs)).toBe('revoked');
});
