/** The ledger of the measured process: in memory, filled with jobs of one side, and counting requests. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '@cardseal/base/clock';
import { type JobId, type JobRequest, newJobId } from '@cardseal/core/job';
import { createLedger, type Ledger } from '@cardseal/core/ledger';
import { memoryObjectStore, type ObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { padded } from '../../support/vary-jpeg.ts';

export const TENANT = 'bench';
export const PREFIX = '{pipeline}';

export interface CountedStore {
  store: ObjectStore;
  /** Requests since the last reset, by kind. */
  counts: Record<'get' | 'put' | 'delete' | 'list', number>;
  reset(): void;
  /** Resolves when this many generations are closed, which is the last write of a job. */
  closed(cards: number): Promise<void>;
}

export function countedStore(): CountedStore {
  const inner = memoryObjectStore();
  const counts = { get: 0, put: 0, delete: 0, list: 0 };
  let closed = 0;
  let check = () => {};
  const store: ObjectStore = {
    get: (key) => count('get', inner.get(key)),
    put: (key, body) => count('put', inner.put(key, body)),
    create: (key, body) => count('put', inner.create(key, body)),
    list: (prefix, options) => count('list', inner.list(prefix, options)),
    async delete(keys) {
      await count('delete', inner.delete(keys));
      closed += keys.filter((key) => key.startsWith('pending/')).length;
      check();
    },
  };
  function count<T>(kind: keyof typeof counts, answer: T): T {
    counts[kind]++;
    return answer;
  }
  return {
    store,
    counts,
    reset: () => Object.assign(counts, { get: 0, put: 0, delete: 0, list: 0 }),
    closed(cards) {
      const { promise, resolve } = Promise.withResolvers<void>();
      check = () => {
        if (closed >= cards) resolve();
      };
      check();
      return promise;
    },
  };
}

export function benchLedger(store: ObjectStore): Ledger {
  return createLedger({ store, master: localMasterKey(Buffer.alloc(32, 7)), clock: systemClock });
}

/** Writes the ledger objects of `cards` submits of a front; each has the same pixels in a different file. */
export async function seedCards(ledger: Ledger, jpeg: Buffer, pictureBytes: number, cards: number): Promise<JobId[]> {
  const jobs: JobId[] = [];
  for (let at = 0; at < cards; at++) {
    const job = newJobId(Date.now());
    const sealed = await ledger.jobs.start(TENANT, job);
    await ledger.jobs.markers.openGeneration(TENANT, job, 1, null);
    await sealed.putImage('front', padded(jpeg, pictureBytes));
    await sealed.commit(requestOf(job));
    jobs.push(job);
  }
  return jobs;
}

function requestOf(job: JobId): JobRequest {
  return {
    v: 1,
    job,
    tenant: TENANT,
    nonce: randomBytes(16).toString('hex'),
    createdAtMs: Date.now(),
    sides: ['front'],
    options: { detect_risk: true, detect_quality: true, detect_photo: false, detect_card: false, fit: true },
    reference: null,
    metadata: {},
    priority: 'interactive',
    expiresAtMs: null,
    retainForS: null,
    keepImages: false,
    endpointIds: null,
    apiKeyId: 'key_bench',
  };
}
