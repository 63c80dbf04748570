import { parseApiKey } from '@cardseal/core/access';
import type { JobView } from '@cardseal/core/job';
import { SCOPES } from '@cardseal/core/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';
import { endJob } from '../../support/outcomes.ts';

describe('reading jobs, with Redis away', () => {
  let api: TestApi;
  let key: string;
  let image: string;
  const jobs: JobView[] = [];
  beforeAll(async () => {
    api = await startTestApi();
    key = await api.key('bank');
    image = (await plainJpeg()).toString('base64');
    for (const reference of ['a', 'b', 'a', 'b', 'a']) jobs.push(await submit(reference));
    await endJob(api.ledger, 'bank', jobs[0]!, { state: 'succeeded' });
    const failure = { code: 'image_unusable', message: 'No.', side: null, retryable: false };
    await endJob(api.ledger, 'bank', jobs[1]!, { state: 'failed', failure });
  });
  afterAll(() => api.stop());

  async function submit(reference: string): Promise<JobView> {
    const answer = await api.call('POST', '/v1/jobs', { key, ...json({ front: { image }, reference }) });
    expect(answer.status).toBe(202);
    return answer.body;
  }

  async function listed(query: string): Promise<string[]> {
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const { status, body } = await api.call('GET', `/v1/jobs?${query}${cursor ? `&cursor=${cursor}` : ''}`, { key });
      expect(status).toBe(200);
      ids.push(...body.data.map((job: JobView) => job.id));
      cursor = body.next_cursor;
    } while (cursor !== null);
    return ids;
  }
  const ids = (...which: number[]) => which.map((at) => jobs[at]!.id);

  it('lists them newest first, in pages of any size', async () => {
    for (const limit of [1, 2, 3, 100]) expect(await listed(`limit=${limit}`)).toEqual(ids(4, 3, 2, 1, 0));
  });

  it('filters by state, reference and time', async () => {
    expect(await listed('state=succeeded')).toEqual(ids(0));
    expect(await listed('state=failed')).toEqual(ids(1));
    expect(await listed('state=queued')).toEqual(ids(4, 3, 2));
    expect(await listed('state=recognizing')).toEqual([]);
    expect(await listed('reference=b')).toEqual(ids(3, 1));
    expect(await listed('reference=c')).toEqual([]);
    expect(await listed('reference=a&state=queued')).toEqual(ids(4, 2));
    const { created_at } = jobs[2]!;
    const after = encodeURIComponent(created_at);
    const later = jobs.filter((job) => job.created_at > created_at).map(({ id }) => id);
    expect(await listed(`created_after=${after}`)).toEqual(later.reverse());
    const earlier = jobs.filter((job) => job.created_at < created_at).map(({ id }) => id);
    expect(await listed(`created_before=${after}`)).toEqual(earlier.reverse());
  });

  it('shows nothing of another tenant', async () => {
    const foreign = await api.key('other');
    expect((await api.call('GET', '/v1/jobs', { key: foreign })).body).toEqual({ data: [], next_cursor: null });
  });

  it.each([
    'state=done',
    'limit=0',
    'limit=101',
    'limit=x',
    'cursor=x',
    'created_after=yesterday',
    'page=2',
    'limit=1&limit=2',
  ])('refuses ?%s by name', async (query) => {
    const { status, body } = await api.call('GET', `/v1/jobs?${query}`, { key });
    expect([status, body.code]).toEqual([422, 'invalid_request']);
    expect(body.errors[0].pointer).toBe(`/${query.split('=')[0]}`);
  });

  it('saves the transfer of what is known', async () => {
    const first = await api.call('GET', `/v1/jobs/${jobs[0]!.id}`, { key });
    const etag = first.headers.get('etag')!;
    const again = await api.call('GET', `/v1/jobs/${jobs[0]!.id}`, { key, headers: { 'if-none-match': etag } });
    expect([again.status, again.body]).toEqual([304, null]);
    const other = await api.call('GET', `/v1/jobs/${jobs[1]!.id}`, { key, headers: { 'if-none-match': etag } });
    expect(other.status).toBe(200);
  });

  it('returns crops to keys that may read results, and only of their tenant', async () => {
    const { id } = jobs[0]!;
    const portrait = await plainJpeg();
    await (await api.ledger.jobs.open('bank', id))!.putCrop('front', 'portrait', portrait);
    const read = async (path: string, owner: string, scopes?: Parameters<TestApi['key']>[1]) => {
      const headers = { authorization: `Bearer ${await api.key(owner, scopes)}` };
      return fetch(`${api.url}/v1/jobs/${id}/${path}`, { headers });
    };
    const answer = await read('front/portrait', 'bank');
    expect(answer.headers.get('content-type')).toBe('image/jpeg');
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(portrait);
    expect((await read('front/card', 'bank')).status).toBe(404);
    expect((await read('top/portrait', 'bank')).status).toBe(404);
    expect((await read('front/portrait', 'other')).status).toBe(404);
    expect((await read('front/portrait', 'bank', ['jobs:read'])).status).toBe(403);
  });

  it('gives an image to keys with images:read while it is stored, and records each read', async () => {
    const submitted = await plainJpeg();
    const job = (
      await api.call('POST', '/v1/jobs', { key, ...json({ front: { image: submitted.toString('base64') } }) })
    ).body;
    const readers = await api.key('bank', ['images:read']);
    const read = (path: string, apiKey = readers) =>
      fetch(`${api.url}/v1/jobs/${job.id}/${path}`, { headers: { authorization: `Bearer ${apiKey}` } });
    const code = async (response: Response) => ((await response.json()) as { code: string }).code;
    const reads = async () =>
      (await api.ledger.operators.audit.find({ job: job.id, action: 'image.read' }, null, 10)).entries;

    const answer = await read('front/image');
    expect(answer.headers.get('content-type')).toBe('image/jpeg');
    expect(answer.headers.get('cache-control')).toContain('no-store');
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(submitted);
    expect(await reads()).toMatchObject([
      {
        who: parseApiKey(readers)!.id,
        role: 'api_key',
        target: { tenant: 'bank', job: job.id, side: 'front' },
        detail: { request_id: answer.headers.get('request-id') },
      },
    ]);

    expect((await read('back/image')).status).toBe(404);
    expect((await read('top/image')).status).toBe(404);
    expect((await read('front/image', await api.key('other'))).status).toBe(404);
    const others = SCOPES.filter((scope) => scope !== 'images:read');
    expect((await read('front/image', await api.key('bank', others))).status).toBe(403);
    await api.ledger.jobs.deleteImages('bank', job.id, ['front']);
    const gone = await read('front/image');
    expect([gone.status, await code(gone)]).toEqual([410, 'image_gone']);
    await api.call('DELETE', `/v1/jobs/${job.id}`, { key });
    const erased = await read('front/image');
    expect([erased.status, await code(erased)]).toEqual([410, 'job_erased']);
    expect(await reads()).toHaveLength(1);
  });

  it('streams a job until its end', async () => {
    const job = await submit('watched');
    const response = await fetch(`${api.url}/v1/jobs/${job.id}/events`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('request-id')).toMatch(/^req_/);
    const states: string[] = [];
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      for (const [, data] of chunk.matchAll(/^data: (.*)$/gm)) states.push(JSON.parse(data!).state);
      if (states.length === 1) await endJob(api.ledger, 'bank', job, { state: 'succeeded' });
    }
    expect(states).toEqual(['queued', 'succeeded']);
  });

  it('streams what has ended already, once, and refuses what is not there', async () => {
    const headers = { authorization: `Bearer ${key}` };
    const text = await (await fetch(`${api.url}/v1/jobs/${jobs[0]!.id}/events`, { headers })).text();
    expect(text.match(/^event: state$/gm)).toHaveLength(1);
    const foreign = await api.call('GET', `/v1/jobs/${jobs[0]!.id}/events`, { key: await api.key('other') });
    expect([foreign.status, foreign.body.code]).toEqual([404, 'not_found']);
  });

  it('lists a job that is open again as queued', async () => {
    const job = await submit('again');
    await endJob(api.ledger, 'bank', job, { state: 'failed' });
    expect(await listed('reference=again&state=failed')).toEqual([job.id]);
    expect((await api.call('POST', `/v1/jobs/${job.id}/retry`, { key })).body).toMatchObject({ generation: 2 });
    expect(await listed('reference=again&state=failed')).toEqual([]);
    expect(await listed('reference=again&state=queued')).toEqual([job.id]);
  });

  it('distinguishes a wrong method from a wrong path', async () => {
    const { status, headers, body } = await api.call('PUT', `/v1/jobs/${jobs[0]!.id}`, { key });
    expect([status, body.code]).toEqual([405, 'method_not_allowed']);
    expect(headers.get('allow')).toContain('GET');
    expect((await api.call('GET', '/v1/nothing', { key })).status).toBe(404);
  });

  it('has a reference page that names no other host', async () => {
    const page = await fetch(`${api.url}/docs`);
    const text = await page.text();
    expect(text).not.toMatch(/(src|href)="(?!\/docs\/|data:)/);
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self'/);
    for (const [, path] of text.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      expect((await fetch(api.url + path)).status).toBe(200);
    }
  });
});
