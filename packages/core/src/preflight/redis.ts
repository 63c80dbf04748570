/** Whether the Redis that is there is the one that infra/redis describes: what differs costs work or safety one night. */
import type { Advice } from './advice.ts';

/** What is asked of a connection; of a cluster's, any master answers for all. */
export interface AskRedis {
  config(command: 'GET', name: string): Promise<unknown>;
  info(section: string): Promise<string>;
}

/** @param tls whether the connection is by TLS. @param loopback whether it leaves the machine at all. */
export async function adviseOnRedis(
  redis: AskRedis,
  { tls, loopback }: { tls: boolean; loopback: boolean },
): Promise<Advice[]> {
  const [policy, maxmemory, appendonly, persistence] = await Promise.all([
    setting(redis, 'maxmemory-policy'),
    setting(redis, 'maxmemory'),
    setting(redis, 'appendonly'),
    redis.info('persistence'),
  ]);
  const advice: Advice[] = [];
  const say = (code: Advice['code'], text: string) => advice.push({ code, text });
  if (policy === null) say('redis_config_hidden', 'allow `config|get` to this user: its settings cannot be checked');
  else {
    if (policy !== 'noeviction') say('redis_evicts', `set maxmemory-policy to noeviction; it is ${policy}`);
    if (maxmemory === '0')
      say('redis_unbounded', 'set maxmemory: without it the machine runs out before Redis says no');
    if (appendonly !== 'yes')
      say('redis_not_persistent', 'set appendonly to yes: a restart would queue everything again');
  }
  if (/^aof_last_write_status:err/m.test(persistence))
    say('redis_disk_fails', 'the append-only file cannot be written');
  if (!tls && !loopback) say('redis_plain', 'use rediss://: ids and gates go over the network in clear');
  return advice;
}

/** null when the user may not ask. */
async function setting(redis: AskRedis, name: string): Promise<string | null> {
  const answer = await redis.config('GET', name).catch(() => null);
  return Array.isArray(answer) ? String(answer[1]) : null;
}
