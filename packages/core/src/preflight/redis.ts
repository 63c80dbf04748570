/** Compares the connected Redis with infra/redis. A difference costs performance or safety. */
import type { Advice } from './advice.ts';

/** A function that sends a command; in a cluster any master responds for all. */
export interface AskRedis {
  config(command: 'GET', name: string): Promise<unknown>;
  info(section: string): Promise<string>;
}

/** @param tls whether the connection uses TLS. @param loopback whether the connection stays on this machine. */
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

/** null when the Redis user may not read the setting. */
async function setting(redis: AskRedis, name: string): Promise<string | null> {
  const answer = await redis.config('GET', name).catch(() => null);
  return Array.isArray(answer) ? String(answer[1]) : null;
}
