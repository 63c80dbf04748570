/** With Redis away the admin says that, at once, and what it cannot do it does not do. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestAdmin, type TestAdmin } from '../../support/admin-app.ts';

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin?.stop());

const reason = 'the bill is too high';

it.each([
  ['GET', '/api/gates', undefined],
  ['POST', '/api/gates/main/close', { reason }],
  ['POST', '/api/gates/main/open', { reason }],
  ['GET', '/queues/api/queues', undefined],
  ['PUT', '/queues/api/queues/recognize/job_01-1/retry', undefined],
] as const)('%s %s is answered with 503', async (method, route, body) => {
  const startedMs = performance.now();
  const answer = await admin.owner.call(method, route, body);
  expect([answer.status, answer.body.code]).toEqual([503, 'queue_unavailable']);
  expect(answer.headers.get('retry-after')).toBe('5');
  // Bull Board's own connection waits for Redis for 10 s.
  expect(performance.now() - startedMs).toBeLessThan(8000);
});

it('the page of gates says so, instead of claiming that no worker reported credentials', async () => {
  const { status, text } = await admin.owner.page('/gates');
  expect(status).toBe(503);
  expect(text).toContain('Redis does not answer');
  expect(text).not.toContain('No worker has reported');
});

it('nothing of that is on record', async () => {
  const { entries } = await admin.ledger.operators.audit.page(null, 100);
  expect(entries.map(({ action }) => action)).toEqual(['login']);
});
