import { ManualClock } from '@cardseal/base/clock';
import { TransientError } from '@cardseal/base/errors';
import { memoryObjectStore, type ObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { describe, expect, it } from 'vitest';
import { type JobRequest, newId, newJobId } from '../job/index.ts';
import { createLedger, paths, type UploadId } from '../ledger/index.ts';
import type { JobQueue } from '../queue/index.ts';
import { ErasureIncomplete, eraseJob } from './erase.ts';

const clock = new ManualClock(Date.UTC(2026, 0, 1));
const jobQueue = {
  queues: () => {
    throw new Error('Redis is away');
  },
  addDeliveries: async () => {},
  announceFinished: async () => {},
} as unknown as JobQueue;

const ledgerOf = (store: ObjectStore) => createLedger({ store, master: localMasterKey(Buffer.alloc(32, 5)), clock });

/** A job whose image was uploaded before. */
async function uploadedJob() {
  const store = memoryObjectStore();
  const ledger = ledgerOf(store);
  const upload = newId('upl', clock.now()) as UploadId;
  const writer = (await ledger.intake.uploads.writer('bank', upload, clock.now()))!;
  await writer.write(Buffer.from('a picture'));
  await writer.complete();
  const job = newJobId(clock.now());
  const sealed = await ledger.jobs.start('bank', job);
  await sealed.putImage('front', (await ledger.intake.uploads.read('bank', upload))!);
  await sealed.commit({ v: 1, job, tenant: 'bank', endpointIds: null, uploads: [upload] } as unknown as JobRequest);
  return { store, ledger, upload, job };
}

/** A store that fails for good after so many operations. */
function dying(store: ObjectStore, operations: number): ObjectStore {
  let left = operations;
  return new Proxy(store, {
    get: (target, name: keyof ObjectStore) =>
      typeof target[name] !== 'function'
        ? target[name]
        : async (...args: unknown[]) => {
            if (left-- <= 0) throw new Error('the process is dead');
            return (target[name] as (...all: unknown[]) => unknown)(...args);
          },
  });
}

describe('the erasure of a job whose image was uploaded', () => {
  it('leaves nothing under the upload that opens, wherever it dies and is begun again', async () => {
    for (let operations = 0; ; operations++) {
      const { store, ledger, upload, job } = await uploadedJob();
      const erase = (over: ObjectStore) =>
        eraseJob({ ledger: ledgerOf(over), jobQueue, clock }, 'bank', job, 'request').then(
          () => 'erased',
          () => 'died',
        );
      const first = await erase(dying(store, operations));
      // A process that finds a tombstone treats the upload as deleted: the request cannot be read any more.
      if (await ledger.jobs.erasures.tombstone('bank', job)) {
        expect(await ledger.intake.uploads.read('bank', upload)).toBeNull();
      }
      expect(await erase(store)).toBe('erased');
      expect(await ledger.intake.uploads.read('bank', upload)).toBeNull();
      const left = [...store.objects.keys()].filter((name) => name.includes(upload));
      expect(left.sort()).toEqual(['begun', 'dropped'].map((name) => `uploads/bank/${upload}/${name}`));
      if (first === 'erased') break;
      expect(operations).toBeLessThan(100);
    }
  });
});

describe('the erasure of a job whose objects cannot be deleted', () => {
  /** Refuses to delete what `stuck` matches, and deletes all else. */
  const partly = (store: ObjectStore, stuck: RegExp): ObjectStore => ({
    ...store,
    async delete(keys) {
      await store.delete(keys.filter((key) => !stuck.test(key)));
      if (keys.some((key) => stuck.test(key))) throw new TransientError('store_unavailable');
    },
  });

  it('says so, leaves nothing that opens, and is found again by marker and due name', async () => {
    const { store, ledger, job } = await uploadedJob();
    const eraser = { ledger: ledgerOf(partly(store, /\.image$|^jobs\/.*\/request$/)), jobQueue, clock };
    const erase = () => eraseJob(eraser, 'bank', job, 'request');
    await expect(erase()).rejects.toMatchObject({
      code: 'erasure_incomplete',
      disposition: 'transient',
      tombstone: { reason: 'request' },
    });
    await expect(erase()).rejects.toBeInstanceOf(ErasureIncomplete);
    const names = [...store.objects.keys()];
    expect(names.filter((name) => name.startsWith('keys/bank/job_'))).toEqual([]);
    expect(names.filter((name) => name.startsWith('pending/'))).toEqual([`pending/bank/${job}.0.-`]);
    // One name, however often the client asks.
    expect(await Array.fromAsync(ledger.jobs.schedule.until(clock.now()))).toMatchObject([{ job, what: 'erased' }]);
    expect(await ledger.jobs.erasures.readRecord('bank', job)).toBeNull();

    await eraseJob({ ledger, jobQueue, clock }, 'bank', job, 'request');
    expect([...store.objects.keys()].filter((name) => name.startsWith(`jobs/bank/${job}/`))).toEqual([
      `jobs/bank/${job}/tombstone`,
    ]);
    expect(await ledger.jobs.erasures.readRecord('bank', job)).not.toBeNull();
    expect([...store.objects.keys()].filter((name) => name.startsWith('pending/'))).toEqual([]);
  });

  it('keeps the markers of work as long as an object stays that they lead to', async () => {
    const { store, ledger, job } = await uploadedJob();
    await ledger.jobs.markers.openGeneration('bank', job, 1, null);
    const eraser = { ledger: ledgerOf(partly(store, /\.image$/)), jobQueue, clock };
    await expect(eraseJob(eraser, 'bank', job, 'request')).rejects.toBeInstanceOf(ErasureIncomplete);
    expect((await ledger.jobs.inventory('bank', job)).open).toEqual([0, 1]);
  });
});

describe('the erasure of a job of a tenant with an endpoint that cannot be read', () => {
  it('removes key, objects and parked deliveries, and stays incomplete until the endpoint can be notified', async () => {
    const { store, ledger, job } = await uploadedJob();
    const ref = { tenant: 'bank', job, generation: 1, endpoint: 'we_1' };
    await ledger.jobs.markers.park(ref);
    await store.put(`${paths.record('endpoints', 'bank', 'we_1')}00000001`, Buffer.from('garbage'));
    const eraser = { ledger, jobQueue, clock };
    await expect(eraseJob(eraser, 'bank', job, 'request')).rejects.toBeInstanceOf(ErasureIncomplete);
    const names = [...store.objects.keys()].filter((name) => name.includes(job));
    expect(names.filter((name) => /^(keys|parked|jobs)/.test(name))).toEqual([paths.tombstone('bank', job)]);
    expect(await ledger.jobs.erasures.readRecord('bank', job)).toBeNull();
  });
});
