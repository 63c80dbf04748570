/**
 * The form of a queue job that Bull Board may show: only ids, codes and numbers of known shapes. Bull Board's own
 * formatters do not cover failure reasons and stacks, and Cardseal may not have written the entry in Redis.
 */
import { RejectedError } from '@cardseal/base/errors';
import type { Job } from 'bullmq';

const CODE = /^[a-z0-9_.:-]{1,80}$/;
const ID = /^[A-Za-z0-9_.-]{1,64}$/;
const HIDDEN = 'hidden';
const ATTEMPT_FIELDS = ['side', 'at', 'class', 'code', 'latency_ms', 'billed'];
const DATA_FIELDS = ['tenant', 'job', 'generation', 'waitingFor', 'endpoint', 'late', 'id', 'attempts'];

export function safeJob<T>(job: Job<T>, retry: (job: Job<T>) => Promise<void>): Job<T> {
  return new Proxy(job, {
    get(target, property) {
      if (property === 'retry') return () => retry(target);
      if (property === 'promote') return () => promote(target);
      if (property === 'toJSON') return () => safeJson(target.toJSON());
      const value = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Throws RejectedError `not_promotable` when the job is not delayed. BullMQ would throw an error without a code. */
async function promote(job: Job): Promise<void> {
  if ((await job.getState()) !== 'delayed') throw new RejectedError('not_promotable');
  await job.promote();
}

export function safeJson(json: ReturnType<Job['toJSON']>): ReturnType<Job['toJSON']> {
  const { failedReason, data } = json;
  return {
    ...json,
    name: ['card', 'delivery', 'recover'].includes(json.name) ? json.name : HIDDEN,
    data: safeData(data),
    progress: 0,
    returnvalue: null,
    stacktrace: [],
    failedReason: failedReason && (CODE.test(failedReason) ? failedReason : HIDDEN),
  };
}

function safeData(data: unknown): object {
  const entries = Object.entries((data ?? {}) as object).filter(([name]) => DATA_FIELDS.includes(name));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, name === 'attempts' ? safeAttempts(value) : safe(value)]),
  );
}

function safeAttempts(attempts: unknown): object[] {
  if (!Array.isArray(attempts)) return [];
  return attempts.map((attempt) =>
    Object.fromEntries(
      Object.entries(attempt ?? {})
        .filter(([name]) => ATTEMPT_FIELDS.includes(name))
        .map(([name, value]) => [name, name === 'at' ? safeTime(value) : safe(value)]),
    ),
  );
}

function safeTime(value: unknown): string | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

function safe(value: unknown): string | number | boolean | null {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  return typeof value === 'string' && ID.test(value) ? value : HIDDEN;
}
