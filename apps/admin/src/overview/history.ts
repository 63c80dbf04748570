/**
 * What came and went: a condition that stands is noted in Redis by whichever admin process sees it first, and whichever
 * sees first that it has ended writes it down with its times. A Redis that forgets, forgets this as well; the log and the
 * metrics have it, too.
 */
import type { Clock } from '@cardseal/base/clock';
import type { Redis } from 'ioredis';
import type { ConditionKind, Conditions } from './conditions.ts';

export interface PastIncident {
  what: string;
  href: string | null;
  sinceMs: number;
  untilMs: number;
}

export interface History {
  /** Never throws. */
  note(conditions: Conditions): Promise<void>;
  /** The last that ended, newest first; none while Redis is away. */
  read(limit: number): Promise<PastIncident[]>;
}

const KEPT = 200;

type Noted = Omit<PastIncident, 'untilMs'>;

export function createHistory(redis: Redis, prefix: string, clock: Clock): History {
  const open = `${prefix}:incidents:standing`;
  const ended = `${prefix}:incidents`;
  /** What Redis cannot be told while it is away. */
  const kept = new Map<string, Noted>();

  async function write({ standing, seen }: Conditions): Promise<void> {
    const noted = await redis.hgetall(open);
    const now = new Set(standing.map(({ name }) => name));
    for (const [name, one] of kept) {
      if (!(name in noted)) noted[name] = JSON.stringify(one);
      await redis.hsetnx(open, name, JSON.stringify(one));
      kept.delete(name);
    }
    for (const { name, what, href, sinceMs } of standing) {
      if (!(name in noted))
        await redis.hsetnx(open, name, JSON.stringify({ what, href, sinceMs: sinceMs ?? clock.now() }));
    }
    for (const [name, text] of Object.entries(noted)) {
      if (now.has(name) || !seen.has(name.split(':')[0] as ConditionKind)) continue;
      // Of several processes that see its end one writes it down.
      if ((await redis.hdel(open, name)) === 0) continue;
      const incident: PastIncident = { ...(JSON.parse(text) as Noted), untilMs: clock.now() };
      await redis.xadd(ended, 'MAXLEN', '~', KEPT, '*', 'incident', JSON.stringify(incident));
    }
  }

  return {
    async note(conditions) {
      if (redis.status === 'ready' && !conditions.standing.some(({ name }) => name === 'redis')) {
        return write(conditions).catch(() => {});
      }
      for (const { name, what, href, sinceMs } of conditions.standing) {
        if (!kept.has(name)) kept.set(name, { what, href, sinceMs: sinceMs ?? clock.now() });
      }
    },
    async read(limit) {
      if (redis.status !== 'ready') return [];
      const entries = await redis.xrevrange(ended, '+', '-', 'COUNT', limit).catch(() => []);
      return entries.map(([, fields]) => JSON.parse(fields[1]!) as PastIncident);
    },
  };
}
