/**
 * The history of past incidents in Redis. The first admin process that sees a problem notes it; the first that sees its
 * end writes the incident with its times. A loss of Redis data loses the history, but logs and metrics still have it.
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
  /** The incidents that ended last, newest first; none while Redis is down. */
  read(limit: number): Promise<PastIncident[]>;
}

const KEPT = 200;

type Noted = Omit<PastIncident, 'untilMs'>;

export function createHistory(redis: Redis, prefix: string, clock: Clock): History {
  const open = `${prefix}:incidents:standing`;
  const ended = `${prefix}:incidents`;
  /** Problems that started while Redis was down. The next write to Redis adds them. */
  const unwritten = new Map<string, Noted>();

  async function write({ standing, seen }: Conditions): Promise<void> {
    const noted = await redis.hgetall(open);
    const now = new Set(standing.map(({ name }) => name));
    for (const [name, one] of unwritten) {
      if (!(name in noted)) noted[name] = JSON.stringify(one);
      await redis.hsetnx(open, name, JSON.stringify(one));
      unwritten.delete(name);
    }
    for (const { name, what, href, sinceMs } of standing) {
      if (!(name in noted))
        await redis.hsetnx(open, name, JSON.stringify({ what, href, sinceMs: sinceMs ?? clock.now() }));
    }
    for (const [name, text] of Object.entries(noted)) {
      if (now.has(name) || !seen.has(name.split(':')[0] as ConditionKind)) continue;
      // Several processes may detect the end; only the one that deletes the note records the incident.
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
        if (!unwritten.has(name)) unwritten.set(name, { what, href, sinceMs: sinceMs ?? clock.now() });
      }
    },
    async read(limit) {
      if (redis.status !== 'ready') return [];
      const entries = await redis.xrevrange(ended, '+', '-', 'COUNT', limit).catch(() => []);
      return entries.map(([, fields]) => JSON.parse(fields[1]!) as PastIncident);
    },
  };
}
