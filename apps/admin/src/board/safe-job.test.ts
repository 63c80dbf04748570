import type { Job } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { safeJob, safeJson } from './safe-job.ts';

const PERSON = '诸葛孔明 51010119810727';

const planted = {
  name: PERSON,
  id: 'job_01-1',
  data: {
    tenant: 'bank',
    job: 'job_01',
    generation: 1,
    note: PERSON,
    waitingFor: PERSON,
    attempts: [{ side: 'front', at: '2026-11-22T10:00:00Z', class: 'timeout', code: PERSON, message: PERSON }],
  },
  failedReason: `cannot read ${PERSON}`,
  stacktrace: [PERSON],
  returnvalue: PERSON,
  progress: PERSON,
} as unknown as ReturnType<Job['toJSON']>;

describe('a job in Bull Board', () => {
  it('contains only ids, codes and numbers', () => {
    expect(JSON.stringify(safeJson(planted))).not.toContain('诸葛');
  });

  it('keeps the fields that operators need', () => {
    expect(safeJson({ ...planted, name: 'card', failedReason: 'worker_crashed' })).toMatchObject({
      name: 'card',
      failedReason: 'worker_crashed',
      data: { tenant: 'bank', job: 'job_01', generation: 1, attempts: [{ side: 'front', class: 'timeout' }] },
    });
  });

  it('never runs the retry of BullMQ', async () => {
    const called: string[] = [];
    const job = { retry: async () => called.push('bullmq'), toJSON: () => planted, id: 'x' } as unknown as Job;
    await safeJob(job, async () => void called.push('cardseal')).retry('failed');
    expect(called).toEqual(['cardseal']);
  });
});
