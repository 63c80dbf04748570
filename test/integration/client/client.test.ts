import { createClient, isFinished, ProblemError } from '@cardseal/client';
import type { JobView } from '@cardseal/core/job';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';
import { endJob } from '../../support/outcomes.ts';

describe('the client', () => {
  let api: TestApi;
  let client: ReturnType<typeof createClient>;
  let image: string;
  beforeAll(async () => {
    api = await startTestApi();
    client = createClient({ baseUrl: api.url, apiKey: await api.key('bank') });
    image = (await plainJpeg()).toString('base64');
  });
  afterAll(() => api.stop());

  const end = (job: { id: string }) =>
    api
      .call('GET', `/v1/jobs/${job.id}`, { key })
      .then(({ body }) => endJob(api.ledger, 'bank', body as JobView, { state: 'succeeded' }));
  let key: string;
  beforeAll(async () => {
    key = await api.key('bank');
  });

  it('submits once, however often it is asked with one key', async () => {
    const request = { front: { image }, reference: 'client' };
    const first = await client.jobs.submit(request, { idempotencyKey: 'client-1' });
    const again = await client.jobs.submit(request, { idempotencyKey: 'client-1' });
    expect(again.id).toBe(first.id);
    expect(await client.jobs.get(first.id)).toMatchObject({ id: first.id, state: 'queued', reference: 'client' });
  });

  it('waits until the end, and reports changes on the way', async () => {
    const job = await client.jobs.submit({ front: { image } });
    const states: string[] = [];
    const waiting = client.jobs.wait(job.id, { onChange: ({ state }) => void states.push(state) });
    await end(job);
    expect(await waiting).toMatchObject({ id: job.id, state: 'succeeded' });
    expect(states.at(-1)).toBe('succeeded');
  });

  it('watches until the end', async () => {
    const job = await client.jobs.submit({ front: { image } });
    const states: string[] = [];
    for await (const now of client.jobs.watch(job.id)) {
      states.push(now.state);
      if (!isFinished(now)) await end(job);
    }
    expect(states).toEqual(['queued', 'succeeded']);
  });

  it('lists every page', async () => {
    const made = await Promise.all(
      [1, 2, 3, 4, 5].map(() => client.jobs.submit({ front: { image }, reference: 'listed' })),
    );
    const found = await Array.fromAsync(client.jobs.list({ reference: 'listed', limit: 2 }));
    expect(found.map(({ id }) => id)).toEqual(
      made
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
  });

  it('throws what the API says', async () => {
    const error = await client.jobs.submit({}).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({ status: 422, code: 'invalid_request' });
    expect(error.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['/front', '/back']);
    expect(error.requestId).toMatch(/^req_/);
  });

  it('cancels and erases', async () => {
    const job = await client.jobs.submit({ front: { image } });
    expect(await client.jobs.cancel(job.id)).toMatchObject({ state: 'cancelled' });
    expect(await client.jobs.erase(job.id)).toMatchObject({ id: job.id, state: 'erased' });
  });
});
