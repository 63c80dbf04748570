/** Sessions without a store: who, until when, and a MAC over both in the cookie itself; a logout ends one for good. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@cardseal/core/clock';

export const ROLES = ['viewer', 'operator', 'owner'] as const;
export type Role = (typeof ROLES)[number];

export interface Session {
  user: string;
  role: Role;
  /** Of the operator's record: a session of an older one is over. */
  version: number;
}

export interface Sessions {
  issue(session: Session): string;
  /** null for a cookie that is not ours, was changed, was ended, or has run out. */
  read(cookie: string | undefined): Session | null;
  /** In this process; elsewhere it ends with its time, and with any change of the operator's record. */
  end(cookie: string | undefined): void;
}

/** @param key 32 bytes, of no other use; asked for when it is needed. */
export function createSessions(key: () => Buffer, lifeMs: number, clock: Clock): Sessions {
  const ended = new Map<string, number>();
  const mac = (body: string) => createHmac('sha256', key()).update(body).digest();

  function open(cookie: string | undefined): (Session & { id: string; untilMs: number }) | null {
    const [body, given] = cookie?.split('.') ?? [];
    if (!body || !given) return null;
    const expected = mac(body);
    const actual = Buffer.from(given, 'base64url');
    if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return null;
    const session = JSON.parse(Buffer.from(body, 'base64url').toString());
    return session.untilMs > clock.now() ? session : null;
  }

  return {
    issue(session) {
      const id = randomBytes(12).toString('base64url');
      const content = { ...session, id, untilMs: clock.now() + lifeMs };
      const body = Buffer.from(JSON.stringify(content)).toString('base64url');
      return `${body}.${mac(body).toString('base64url')}`;
    },
    read(cookie) {
      const session = open(cookie);
      if (!session || ended.has(session.id)) return null;
      return { user: session.user, role: session.role, version: session.version };
    },
    end(cookie) {
      const session = open(cookie);
      for (const [id, untilMs] of ended) if (untilMs <= clock.now()) ended.delete(id);
      if (session) ended.set(session.id, session.untilMs);
    },
  };
}

export function mayActAs(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
