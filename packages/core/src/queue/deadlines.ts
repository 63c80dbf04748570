/**
 * Which waiting cards run out of time, and when. Only a reminder: the deadline itself is in the job's request, and
 * holds for the first generation; a retry is asked for by somebody who knows how late it is.
 */
import type { Redis } from 'ioredis';
import type { JobId } from '../job/index.ts';
import { deadlinesKey } from './names.ts';

export interface Deadline {
  tenant: string;
  job: JobId;
  generation: number;
}

export interface Deadlines {
  /** At most `limit` that have passed, the longest overdue first. */
  due(nowMs: number, limit: number): Promise<Deadline[]>;
  forget(deadline: Deadline): Promise<void>;
}

export function deadlineMember({ tenant, job, generation }: Deadline): string {
  return `${tenant} ${job} ${generation}`;
}

export function createDeadlines(redis: Redis, prefix: string): Deadlines {
  const key = deadlinesKey(prefix);
  return {
    async due(nowMs, limit) {
      const members = await redis.zrangebyscore(key, '-inf', nowMs, 'LIMIT', 0, limit);
      return members.map(read);
    },
    async forget(deadline) {
      await redis.zrem(key, deadlineMember(deadline));
    },
  };
}

function read(member: string): Deadline {
  const [tenant, job, generation] = member.split(' ') as [string, JobId, string];
  return { tenant, job, generation: Number(generation) };
}
