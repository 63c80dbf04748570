/** The audit log, searched; and what a job's page shows of it. */
import { type JobId, newJobId } from '@cardseal/core/job';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestAdmin, type TestAdmin } from '../../support/admin-app.ts';

const job = newJobId(Date.now());
let admin: TestAdmin;

async function storedJob(id: JobId) {
  await admin.ledger.jobs.markers.openGeneration('bank', id, 1, null);
  const sealed = await admin.ledger.jobs.start('bank', id);
  await sealed.putImage('front', Buffer.from('picture'));
  const request = { v: 1, job: id, tenant: 'bank', nonce: id, createdAtMs: 0, sides: ['front'], reference: null };
  await sealed.commit({ ...request, metadata: {}, priority: 'bulk', expiresAtMs: null, apiKeyId: null } as never);
}

beforeAll(async () => {
  admin = await startTestAdmin();
  await storedJob(job);
  const entry = { role: 'operator', reason: 'ticket 4711' } as const;
  await admin.ledger.operators.audit.append({
    ...entry,
    who: 'li',
    action: 'job.retry',
    target: { tenant: 'bank', job },
  });
  for (let at = 0; at < 210; at++)
    await admin.ledger.operators.audit.append({
      ...entry,
      who: 'wang',
      action: 'gate.open',
      target: { credential: 'main' },
    });
});
afterAll(() => admin?.stop());

const found = async (query: string) => (await admin.owner.call('GET', `/api/audit?${query}`)).body.data;

it('finds entries by job, user and action', async () => {
  for (const query of [`job=${job}`, 'user=li', 'action=job.retry', `user=li&action=job.retry&job=${job}`])
    expect(await found(query), query).toMatchObject([{ who: 'li', action: 'job.retry', target: { job } }]);
  expect(await found('user=li&action=gate.open')).toEqual([]);
  expect((await admin.owner.call('GET', '/api/audit?action=frobnicate')).status).toBe(400);
  const { text } = await admin.owner.page('/audit?user=wang&limit=10');
  expect(text).toContain('href="/audit?user=wang&amp;limit=10&amp;before=');
  expect(text).toContain('value="wang"');
});

it('the page of a job says how far back it looked, and leads to all of it', async () => {
  const { text } = await admin.owner.page(`/jobs/bank/${job}`);
  expect(text).not.toContain('job.retry by li');
  expect(text).toContain('from the newest 200 audit entries');
  expect(text).toContain(`href="/audit?job=${job}"`);
  expect((await admin.owner.page(`/audit?job=${job}`)).text).toContain('ticket 4711');
});
