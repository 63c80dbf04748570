import { createClient } from '@cardseal/client';
import type { JobView } from '@cardseal/core/job';
import type { UploadId } from '@cardseal/core/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';
import { endJob } from '../../support/outcomes.ts';

describe('batches and uploads, with Redis away', () => {
  let api: TestApi;
  let key: string;
  let picture: Buffer;
  let image: string;
  let client: ReturnType<typeof createClient>;
  beforeAll(async () => {
    api = await startTestApi();
    key = await api.key('bank');
    picture = await plainJpeg();
    image = picture.toString('base64');
    client = createClient({ baseUrl: api.url, apiKey: key });
  });
  afterAll(() => api.stop());

  const post = (lines: string, headers: Record<string, string> = {}) =>
    api.call('POST', '/v1/batches', {
      key,
      body: lines,
      headers: { 'content-type': 'application/x-ndjson', ...headers },
    });
  const namesOf = (id: string) => [...api.store.objects.keys()].filter((name) => name.includes(id)).sort();
  const results = (id: string) => Array.fromAsync(client.batches.results(id));

  /** Resolves when every line has its job. */
  async function expanded(id: string, accepted: number): Promise<JobView[]> {
    for (;;) {
      const jobs = (await results(id)).flatMap((result) => ('job' in result ? [result.job as JobView] : []));
      if (jobs.filter(({ created_at }) => created_at !== undefined).length === accepted) return jobs;
    }
  }

  it('accepts and refuses each line on its own', async () => {
    const good = JSON.stringify({ front: { image }, reference: 'line' });
    const object = JSON.stringify({ front: { object: { bucket: 'not-ours', key: 'x' } } });
    const { status, body, headers } = await post(`${good}\n{"front":\n\n${good}\n{"frnt":1}\n${object}\n`);
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/batches/${body.id}`);
    expect(body).toMatchObject({ state: 'running', counts: { lines: 5, accepted: 2, rejected: 3 } });
    expect(body.rejected.map(({ line, code }: { line: number; code: string }) => [line, code])).toEqual([
      [2, 'malformed_body'],
      [5, 'invalid_request'],
      [6, 'source_not_allowed'],
    ]);
    expect((await results(body.id)).map(({ line }) => line)).toEqual([1, 2, 4, 5, 6]);
    const jobs = await expanded(body.id, 2);
    expect(jobs.map(({ state, reference }) => [state, reference])).toEqual([
      ['queued', 'line'],
      ['queued', 'line'],
    ]);
  });

  it('ends by one write after its last job, and is announced', async () => {
    const line = JSON.stringify({ front: { image } });
    const { body } = await post(`${line}\n${line}`);
    const [first, second] = await expanded(body.id, 2);
    // The lines and their key go as soon as every line has its job, and not at the end.
    await expect.poll(() => namesOf(body.id).filter((name) => /\/lines\.|^keys\//.test(name))).toEqual([]);
    await endJob(api.ledger, 'bank', first!, { state: 'succeeded' });
    expect((await client.batches.get(body.id)).counts).toMatchObject({ unfinished: 1, succeeded: 1 });
    await endJob(api.ledger, 'bank', second!, { state: 'failed' });
    const done = await client.batches.wait(body.id, { everyMs: 50 });
    expect(done).toMatchObject({ state: 'completed', counts: { unfinished: 0, succeeded: 1, failed: 1 } });
    expect(namesOf(body.id).map((name) => name.replace(`/bank/${body.id}`, ''))).toEqual([
      'batches/end',
      'batches/expanded',
      'batches/head.0',
    ]);
  });

  it('is one batch however often it is sent under one key', async () => {
    const line = JSON.stringify({ front: { image } });
    const headers = { 'idempotency-key': 'batch-1' };
    const openBefore = namesOf('open-batches/');
    const first = await post(line, headers);
    const again = await post(line, headers);
    expect(again.body.id).toBe(first.body.id);
    expect((await post(`${line}\n${line}`, headers)).body.code).toBe('idempotency_mismatch');
    const others = namesOf('open-batches/').filter((name) => !name.includes(first.body.id));
    expect(others.filter((name) => !openBefore.includes(name))).toEqual([]);
  });

  it('cancels what has not ended', async () => {
    const line = JSON.stringify({ front: { image } });
    const { body } = await post(`${line}\n${line}\n${line}`);
    const [first] = await expanded(body.id, 3);
    await endJob(api.ledger, 'bank', first!, { state: 'succeeded' });
    await client.batches.cancel(body.id);
    // No worker announces here, so that the index learns of the cancelled ones by hand.
    for (const { id, reference } of (await expanded(body.id, 3)).slice(1)) {
      await expect.poll(async () => (await client.jobs.get(id)).state, { timeout: 10_000 }).toBe('cancelled');
      await api.ledger.jobs.listing.finished('bank', id, reference, { generation: 1, state: 'cancelled', code: '-' });
    }
    const done = await client.batches.wait(body.id, { everyMs: 50 });
    expect(done).toMatchObject({ state: 'cancelled', counts: { succeeded: 1, cancelled: 2 } });
  });

  it('refuses a line of more than 1 MiB alone, with its number', async () => {
    const line = JSON.stringify({ front: { image } });
    const long = `{"reference":"${'x'.repeat(1_100_000)}"}`;
    const { status, body } = await post([line, long, line, long].join('\n'));
    expect([status, body.counts.accepted, body.counts.rejected]).toEqual([202, 2, 2]);
    expect(body.rejected).toMatchObject([
      { line: 2, code: 'body_too_large', detail: expect.stringContaining('1 MiB') },
      { line: 4, code: 'body_too_large' },
    ]);
  });

  it.each([
    ['nothing', '', 422, 'invalid_request'],
    ['10,001 lines', '{}\n'.repeat(10_001), 413, 'batch_too_large'],
  ])('refuses %s as a whole', async (_what, lines, status, code) => {
    const before = namesOf('batch_');
    const answer = await post(lines);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    // Nothing of it is left, sealed or not.
    const after = namesOf('batch_').filter((name) => !before.includes(name));
    expect(after).toEqual([]);
  });

  it('shows a batch to its owner only', async () => {
    const { body } = await post(JSON.stringify({ front: { image } }));
    const foreign = await api.key('other');
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/results'],
      ['POST', '/cancel'],
    ] as const) {
      expect((await api.call(method, `/v1/batches/${body.id}${path}`, { key: foreign })).status).toBe(404);
    }
  });

  it('accepts an image at a signed URL, and a job from it', async () => {
    const id = await client.uploads.put(new Uint8Array(picture), 'image/jpeg');
    const job = await client.jobs.submit({ front: { upload_id: id } });
    const stored = await (await api.ledger.jobs.open('bank', job.id as JobView['id']))!.image('front');
    expect(stored).toEqual(picture);
    for (const [name, body] of api.store.objects) {
      if (name.startsWith('uploads/')) expect(body.includes(picture.subarray(0, 64))).toBe(false);
    }
    await expect(
      createClient({ baseUrl: api.url, apiKey: await api.key('other') }).jobs.submit({ front: { upload_id: id } }),
    ).rejects.toMatchObject({ code: 'source_unavailable' });
  });

  it('erases a job together with the upload of its image', async () => {
    const ticket = await client.uploads.create({ contentType: 'image/jpeg', sizeBytes: picture.length });
    const put = () =>
      fetch(ticket.url, {
        method: 'PUT',
        headers: ticket.headers as Record<string, string>,
        body: new Uint8Array(picture),
      });
    expect((await put()).status).toBe(204);
    const submit = () => client.jobs.submit({ front: { upload_id: ticket.upload_id } }, { idempotencyKey: 'uploaded' });
    const job = await submit();
    const line = await post(JSON.stringify({ front: { upload_id: ticket.upload_id } }));
    const [other] = await expanded(line.body.id, 1);
    await client.jobs.erase(job.id);

    expect(await api.ledger.intake.uploads.read('bank', ticket.upload_id as UploadId)).toBeNull();
    const left = [...api.store.objects.keys()].filter((name) => name.includes(ticket.upload_id));
    expect(left.sort()).toEqual(['begun', 'dropped'].map((name) => `uploads/bank/${ticket.upload_id}/${name}`));
    expect((await put()).status).toBe(403);
    // A job that used the upload before has a copy of the image; a later job finds none.
    expect(await (await api.ledger.jobs.open('bank', other!.id as JobView['id']))!.image('front')).toEqual(picture);
    await expect(client.jobs.submit({ front: { upload_id: ticket.upload_id } })).rejects.toMatchObject({
      code: 'source_unavailable',
    });
    await expect(submit()).rejects.toMatchObject({ code: 'job_erased' });
  });

  it('finds the job under its key again when the upload is gone', async () => {
    const id = await client.uploads.put(new Uint8Array(picture), 'image/jpeg');
    const submit = () => client.jobs.submit({ front: { upload_id: id } }, { idempotencyKey: 'uploaded-once' });
    const job = await submit();
    await api.ledger.intake.uploads.drop('bank', id as UploadId);
    expect((await submit()).id).toBe(job.id);
  });

  it('refuses an upload that is not as it was signed', async () => {
    const ticket = await client.uploads.create({ contentType: 'image/jpeg', sizeBytes: picture.length });
    const put = async (url: string, body: Uint8Array, type = 'image/jpeg') =>
      (await fetch(url, { method: 'PUT', headers: { 'content-type': type }, body: new Uint8Array(body) })).status;
    expect(await put(ticket.url, Buffer.concat([picture, picture]))).toBe(403);
    expect(await put(ticket.url, picture.subarray(1))).toBe(403);
    expect(await put(ticket.url.replace('size=', 'size=1'), picture)).toBe(403);
    expect(await put(ticket.url.replace('bank.', 'other.'), picture)).toBe(403);
    await expect(client.jobs.submit({ front: { upload_id: ticket.upload_id } })).rejects.toMatchObject({
      code: 'source_unavailable',
    });
    // The content decides what the image is, so the declared type may be another than the signed one.
    expect(await put(ticket.url, picture, 'image/jpg')).toBe(204);
    expect(await put(ticket.url, picture)).toBe(403);
  });

  it('refuses objects outside the tenant’s list, and endpoints that there are none of', async () => {
    const object = { bucket: 'customer-bucket', key: 'cards/1.jpg' };
    await expect(client.jobs.submit({ front: { object } })).rejects.toMatchObject({ code: 'source_not_allowed' });
    const request = { front: { image }, endpoint_ids: ['we_none'] };
    await expect(client.jobs.submit(request)).rejects.toMatchObject({
      code: 'invalid_request',
      errors: [{ pointer: '/endpoint_ids/0' }],
    });
  });
});
