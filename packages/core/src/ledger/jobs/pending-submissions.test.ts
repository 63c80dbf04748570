import { ManualClock } from '@cardseal/base/clock';
import { TransientError } from '@cardseal/base/errors';
import type { ObjectStore } from '@cardseal/object-store';
import { memoryObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { expect, it } from 'vitest';
import { type JobRequest, newJobId } from '../../job/index.ts';
import { createLedger } from '../ledger.ts';
import { paths } from '../paths.ts';

const clock = new ManualClock(Date.UTC(2026, 0, 1));
const ledgerOf = (store: ObjectStore) => createLedger({ store, master: localMasterKey(Buffer.alloc(32, 5)), clock });

it('a commit that is taken back never looks like a job that lost its request, even if the store keeps the reply', async () => {
  const store = memoryObjectStore();
  const job = newJobId(clock.now());
  const sealed = await ledgerOf(store).jobs.start('bank', job);
  await sealed.commit({ v: 1, job, tenant: 'bank', sides: ['front'] } as unknown as JobRequest);
  await sealed.putReply('front', Buffer.from('a reply'));
  /** Deletes what it can of one request, as a store does in several single deletions. */
  const partly: ObjectStore = {
    ...store,
    async delete(keys) {
      await store.delete(keys.filter((key) => !key.endsWith('.reply')));
      if (keys.some((key) => key.endsWith('.reply'))) throw new TransientError('store_unavailable');
    },
  };
  const kept = { sides: ['front'], reference: null } as const;
  // Its image is not there.
  await expect(ledgerOf(partly).jobs.pendingSubmissions.stands('bank', job, kept)).rejects.toMatchObject({
    code: 'store_unavailable',
  });
  expect(await ledgerOf(store).jobs.inventory('bank', job)).toMatchObject({ committed: true, requestLost: false });
  expect(await ledgerOf(store).jobs.pendingSubmissions.stands('bank', job, kept)).toBe(false);
  expect((await store.list(paths.job('bank', job))).keys).toEqual([]);
});
