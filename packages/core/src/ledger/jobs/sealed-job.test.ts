import { ManualClock } from '@cardseal/base/clock';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { expect, it } from 'vitest';
import { type JobRequest, newJobId } from '../../job/index.ts';
import { createLedger } from '../ledger.ts';
import { paths } from '../paths.ts';

const TENANT = 'bank';
const PICTURE = Buffer.from('a picture');

/** A store that records the requests before its first response. */
async function storedJob() {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const store = memoryObjectStore();
  const job = newJobId(clock.now());
  const master = localMasterKey(Buffer.alloc(32, 1));
  const writer = await createLedger({ store, master, clock }).jobs.start(TENANT, job);
  await writer.putImage('front', PICTURE);
  await writer.commit({ job, tenant: TENANT, sides: ['front'] } as unknown as JobRequest);
  const read: string[] = [];
  const watched = {
    ...store,
    get: (key: string) => {
      read.push(key);
      return store.get(key);
    },
  };
  return { ledger: createLedger({ store: watched, master, clock }), job, read, store };
}

it('requests a known image together with the first read, and returns it once', async () => {
  const { ledger, job, read } = await storedJob();
  const image = paths.image(TENANT, job, 'front');
  const opening = ledger.jobs.openForWork(TENANT, job, ['front']);
  expect(read).toContain(image);
  const { sealed } = (await opening)!;
  expect(await sealed.image('front')).toEqual(PICTURE);
  expect(read.filter((key) => key === image)).toHaveLength(1);
  // The job does not keep the image: a second call reads it again.
  expect(await sealed.image('front')).toEqual(PICTURE);
  expect(read.filter((key) => key === image)).toHaveLength(2);
});

it('returns null for an image that is deleted meanwhile, without an error', async () => {
  const { ledger, job, store } = await storedJob();
  await store.delete([paths.image(TENANT, job, 'front')]);
  const opened = await ledger.jobs.openForWork(TENANT, job, ['front']);
  expect(await opened!.sealed.image('front')).toBeNull();
});

it('without a word nothing is read ahead', async () => {
  const { ledger, job, read } = await storedJob();
  await ledger.jobs.openForWork(TENANT, job);
  expect(read).not.toContain(paths.image(TENANT, job, 'front'));
});
