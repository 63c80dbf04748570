/** Sessions without a store: who, until when, and a MAC over both in the cookie itself. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@cardseal/core/clock';

export interface Session {
  user: string;
  role: 'viewer' | 'operator' | 'owner';
}

export interface Sessions {
  issue(session: Session): string;
  /** null for a cookie that is not ours, was changed, or has run out. */
  read(cookie: string | undefined): Session | null;
}

/** @param key 32 bytes, of no other use. */
export function createSessions(key: Buffer, lifeMs: number, clock: Clock): Sessions {
  const mac = (body: string) => createHmac('sha256', key).update(body).digest();
  return {
    issue(session) {
      const body = Buffer.from(JSON.stringify({ ...session, untilMs: clock.now() + lifeMs })).toString('base64url');
      return `${body}.${mac(body).toString('base64url')}`;
    },
    read(cookie) {
      const [body, given] = cookie?.split('.') ?? [];
      if (!body || !given) return null;
      const expected = mac(body);
      const actual = Buffer.from(given, 'base64url');
      if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return null;
      const { user, role, untilMs } = JSON.parse(Buffer.from(body, 'base64url').toString());
      return untilMs > clock.now() ? { user, role } : null;
    },
  };
}
