/**
 * Startup preflight checks. Each finding goes to the log with its code. A missing Redis does not block the start. In
 * production a Redis that evicts keys does, because it drops jobs silently.
 */
import { ConfigurationError } from '../config/index.ts';
import type { Log } from '../log/index.ts';
import type { Advice } from './advice.ts';
import { examineRedis, examineStore, type PreflightEnvironment } from './examine.ts';
import { adviseOnPlaintext } from './plaintext.ts';
import type { AskRedis } from './redis.ts';
import { causeOf, redisPlace } from './trouble.ts';

export interface BootRedis extends AskRedis {
  readonly status: string;
  once(event: 'ready', listener: () => void): unknown;
  on?(event: 'error', listener: (error: Error) => void): unknown;
}

export interface PreflightParts {
  env: PreflightEnvironment & { CARDSEAL_ENV: string };
  redis: BootRedis;
  log: Pick<Log, 'warn' | 'info'>;
  /** For tests. */
  store?: () => Promise<Advice[]>;
  patienceMs?: number;
}

const PATIENCE_MS = 1000;

/**
 * Throws ConfigurationError in production when Redis responds in time and would evict keys. Later findings are logged.
 */
export async function runPreflight({
  env,
  redis,
  log,
  store,
  patienceMs = PATIENCE_MS,
}: PreflightParts): Promise<void> {
  const production = env.CARDSEAL_ENV === 'production';
  const tell = (advice: readonly Advice[]) => {
    for (const { code } of advice) {
      if (production) log.warn('foundation.advice', { code });
      else log.info('foundation.advice', { code });
    }
    return advice;
  };
  tell(adviseOnPlaintext(env.ALLOW_PLAINTEXT));
  // A missing feature of the store stops no start. Whether the store can be reached has been checked before.
  void (store ?? (() => examineStore(env)))().then(tell, () => {});
  let trouble: unknown;
  redis.on?.('error', (error) => {
    trouble = error;
  });
  const told = whenReady(redis)
    .then(() => examineRedis(env, redis))
    .then(tell)
    .catch((): Advice[] => []);
  const advice = await inTime(told, patienceMs);
  if (redis.status !== 'ready')
    log.warn('redis.unreachable', { host: redisPlace(env.REDIS_URL), cause: causeOf(trouble) });
  if (production && advice.some(({ code }) => code === 'redis_evicts'))
    throw new ConfigurationError(['Redis: maxmemory-policy must be noeviction, or accepted work is thrown away']);
}

function whenReady(redis: BootRedis): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  return new Promise((resolve) => redis.once('ready', resolve));
}

async function inTime(told: Promise<readonly Advice[]>, patienceMs: number): Promise<readonly Advice[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Advice[]>((resolve) => {
    timer = setTimeout(() => resolve([]), patienceMs);
  });
  try {
    return await Promise.race([told, late]);
  } finally {
    clearTimeout(timer);
  }
}
