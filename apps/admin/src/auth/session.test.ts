import { ManualClock } from '@cardseal/base/clock';
import { describe, expect, it } from 'vitest';
import { createSessions, mayActAs } from './session.ts';

const session = { user: 'li', role: 'viewer', version: 3 } as const;

describe('sessions', () => {
  const clock = new ManualClock(1_000_000);
  const sessions = createSessions(() => Buffer.alloc(32, 1), 60_000, clock);

  it('identify the user until they expire', () => {
    const cookie = sessions.issue(session);
    expect(sessions.read(cookie)).toMatchObject(session);
    clock.advance(59_999);
    expect(sessions.read(cookie)).toMatchObject(session);
    clock.advance(1);
    expect(sessions.read(cookie)).toBeNull();
  });

  it('refuse a cookie with a higher role, or with the MAC of another key', () => {
    const cookie = sessions.issue(session);
    const [body, mac] = cookie.split('.') as [string, string];
    const raised = JSON.parse(Buffer.from(body, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...raised, role: 'owner' })).toString('base64url');
    expect(sessions.read(`${forged}.${mac}`)).toBeNull();
    expect(createSessions(() => Buffer.alloc(32, 2), 60_000, clock).read(cookie)).toBeNull();
    for (const bad of [undefined, '', '.', 'x', `${body}.`, `.${mac}`]) expect(sessions.read(bad)).toBeNull();
  });
});

describe('roles', () => {
  it('include the rights of lower roles', () => {
    expect(mayActAs('owner', 'operator')).toBe(true);
    expect(mayActAs('operator', 'operator')).toBe(true);
    expect(mayActAs('viewer', 'operator')).toBe(false);
    expect(mayActAs('operator', 'owner')).toBe(false);
  });
});
