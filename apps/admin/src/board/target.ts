/** Reads from a request which queue entry it targets. Audit entries are permanent, so only ids of known shapes pass. */
import type { Queues } from '@cardseal/core/queue';

const ENTRY = /^[A-Za-z0-9_.-]{1,120}$/;
const TENANT = /^[a-z0-9][a-z0-9-]{1,39}$/;

export type Target = Readonly<Record<string, string>>;

/** Returns `missing` when the queue or the entry does not exist. */
export async function readTarget(
  queues: Pick<Queues, 'recognize' | 'deliver'>,
  { queueName = '', jobId = '' }: { queueName?: string; jobId?: string },
): Promise<Target | 'malformed' | 'missing'> {
  if (!ENTRY.test(jobId)) return 'malformed';
  const queue = queueName === 'recognize' || queueName === 'deliver' ? queues[queueName] : null;
  const entry = await queue?.getJob(jobId);
  if (!entry) return 'missing';
  const job = /^((?:job|evt)_[0-9A-Z]{26,32})-/.exec(jobId)?.[1];
  const { tenant } = (entry.data ?? {}) as { tenant?: unknown };
  const target: Record<string, string> = { queue: queueName, entry: jobId };
  if (typeof tenant === 'string' && TENANT.test(tenant)) target.tenant = tenant;
  if (job) target.job = job;
  return target;
}
