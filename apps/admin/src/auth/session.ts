/** Sessions without a store: the cookie holds the user and the expiry, and a MAC over both. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@cardseal/base/clock';

const ROLES = ['viewer', 'operator', 'owner'] as const;
export type Role = (typeof ROLES)[number];

export interface Session {
  user: string;
  role: Role;
  /** Version of the operator's record. A change of the record ends all sessions of older versions. */
  version: number;
}

export interface IssuedSession extends Session {
  id: string;
  untilMs: number;
}

export interface Sessions {
  issue(session: Session): string;
  /** Returns null for a cookie that this admin did not issue, that was changed, or that has expired. */
  read(cookie: string | undefined): IssuedSession | null;
}

/** @param key returns 32 bytes that have no other use; called at each use. */
export function createSessions(key: () => Buffer, lifeMs: number, clock: Clock): Sessions {
  const mac = (body: string) => createHmac('sha256', key()).update(body).digest();

  function read(cookie: string | undefined): IssuedSession | null {
    const [body, given] = cookie?.split('.') ?? [];
    if (!body || !given) return null;
    const expected = mac(body);
    const actual = Buffer.from(given, 'base64url');
    if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return null;
    const session = JSON.parse(Buffer.from(body, 'base64url').toString()) as IssuedSession;
    return session.untilMs > clock.now() ? session : null;
  }

  return {
    issue(session) {
      const id = randomBytes(12).toString('base64url');
      const content = { ...session, id, untilMs: clock.now() + lifeMs };
      const body = Buffer.from(JSON.stringify(content)).toString('base64url');
      return `${body}.${mac(body).toString('base64url')}`;
    },
    read,
  };
}

export function mayActAs(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
