/**
 * The webhook consumers of a chaos run: one endpoint per tenant. It verifies every signature and keeps of each event
 * only what the checker needs.
 */
import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { answer, type Behaviour, startReceiver } from '../../support/webhook-receiver.ts';
import type { Arrived } from '../checker/index.ts';

export interface Inbox {
  arrived: Arrived[];
  /** Status codes for the next requests; 204 when the list is empty. */
  answers: number[];
  /** Answers all events of the tenant with 503 until `letThrough`. */
  holdBack(tenant: string): void;
  letThrough(tenant: string): void;
  /** Jobs with at least one received event. */
  jobs: ReadonlySet<string>;
  /** The webhook URL of a tenant. */
  urlOf(tenant: string): string;
  verifyWith(tenant: string, secret: string): void;
  /** Resolves when an event of the job has arrived. */
  event(job: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startInbox(): Promise<Inbox> {
  const arrived: Arrived[] = [];
  const answers: number[] = [];
  const jobs = new Set<string>();
  const heldBack = new Set<string>();
  const webhooks = new Map<string, Webhook>();
  const waiting = new Map<string, PromiseWithResolvers<void>>();
  const receiver = await startReceiver({ keep: false });
  const accept: Behaviour = (response, arrival, request) => {
    const status = heldBack.has(arrival.path.slice(1)) ? 503 : (answers.shift() ?? 204);
    answer(status)(response, arrival, request);
    const { raw, headers, event, id } = arrival;
    if (status !== 204 || !event.type.startsWith('job.')) return;
    const tenant = arrival.path.slice(1);
    const bytesSha256 = createHash('sha256').update(raw).digest('hex');
    const verified = verifies(webhooks.get(tenant), raw, headers as Record<string, string>);
    arrived.push({ id, type: event.type, job: event.data.id, tenant, bytesSha256, verified });
    jobs.add(event.data.id);
    waiting.get(event.data.id)?.resolve();
    waiting.delete(event.data.id);
  };
  return {
    arrived,
    answers,
    jobs,
    holdBack: (tenant) => void heldBack.add(tenant),
    letThrough: (tenant) => void heldBack.delete(tenant),
    urlOf: (tenant) => receiver.url(`/${tenant}`),
    verifyWith(tenant, secret) {
      webhooks.set(tenant, new Webhook(secret));
      receiver.behave(`/${tenant}`, accept);
    },
    event(job) {
      if (jobs.has(job)) return Promise.resolve();
      const one = waiting.get(job) ?? Promise.withResolvers<void>();
      waiting.set(job, one);
      return one.promise;
    },
    stop: () => receiver.stop(),
  };
}

function verifies(webhook: Webhook | undefined, raw: string, headers: Record<string, string>): boolean {
  try {
    webhook?.verify(raw, headers);
    return webhook !== undefined;
  } catch {
    return false;
  }
}
