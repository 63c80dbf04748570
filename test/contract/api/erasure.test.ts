/**
 * Erases a job while the store refuses deletes. The API reports it, and none of the job's data can be read meanwhile.
 */
import { TransientError } from '@cardseal/base/errors';
import { createLedger } from '@cardseal/core/ledger';
import { memoryObjectStore, type ObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { json, startTestApi, type TestApi } from '../../support/api.ts';
import { plainJpeg } from '../../support/images.ts';

const memory = memoryObjectStore();
let stuck: RegExp | null = null;
const store: ObjectStore = {
  ...memory,
  async delete(keys) {
    if (stuck && keys.some((key) => stuck?.test(key))) throw new TransientError('store_unavailable');
    await memory.delete(keys);
  },
};
let api: TestApi;
let key: string;

beforeAll(async () => {
  const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 7)) });
  api = await startTestApi({ store: memory, ledger });
  key = await api.key('bank');
});
afterAll(() => api.stop());

const newJob = async (): Promise<string> => {
  const image = (await plainJpeg()).toString('base64');
  return (await api.call('POST', '/v1/jobs', { key, ...json({ front: { image } }) })).body.id;
};
const erase = (id: string) => api.call('DELETE', `/v1/jobs/${id}`, { key });
const namesOf = (id: string) => [...memory.objects.keys()].filter((name) => name.startsWith(`jobs/bank/${id}/`));

it('is 202 without a removal time while objects remain, and 200 with it afterwards', async () => {
  const id = await newJob();
  stuck = /\.image$/;
  for (let times = 0; times < 2; times++) {
    const answer = await erase(id);
    expect(answer).toMatchObject({ status: 202, body: { id, state: 'erased', removed_at: null, reason: 'request' } });
    expect(answer.headers.get('retry-after')).toBe('10');
  }
  const read = () => api.call('GET', `/v1/jobs/${id}`, { key });
  expect((await read()).body).toMatchObject({ state: 'erased', removed_at: null });
  const receipt = () => api.call('GET', `/v1/jobs/${id}/erasure-receipt`, { key });
  const early = await receipt();
  expect([early.status, early.body.code, early.headers.get('retry-after')]).toEqual([503, 'erasure_incomplete', '10']);
  expect([...memory.objects.keys()].filter((name) => name.startsWith(`keys/bank/${id}`))).toEqual([]);

  stuck = null;
  expect(await erase(id)).toMatchObject({ status: 200, body: { state: 'erased', removed_at: expect.any(String) } });
  expect((await read()).body.removed_at).toEqual(expect.any(String));
  expect((await receipt()).status).toBe(200);
  expect(namesOf(id)).toEqual([`jobs/bank/${id}/tombstone`]);
});

it('completes the erasure although the key cannot be deleted at first', async () => {
  const id = await newJob();
  stuck = /^keys\//;
  expect(await erase(id)).toMatchObject({ status: 202, body: { state: 'erased', removed_at: null } });
  stuck = null;
  expect((await erase(id)).status).toBe(200);
  expect([...memory.objects.keys()].filter((name) => name.startsWith(`keys/bank/${id}`))).toEqual([]);
});
