/** A run without an outcome: what it writes must not outlive an erasure. */

import { ManualClock } from '@cardseal/base/clock';
import { TransientError } from '@cardseal/base/errors';
import { newJobId } from '@cardseal/core/job';
import { createLedger, paths } from '@cardseal/core/ledger';
import { silentLog } from '@cardseal/core/log';
import { createMetrics } from '@cardseal/core/metrics';
import { memoryObjectStore } from '@cardseal/object-store';
import type { AcquireOptions } from '@cardseal/pacer';
import { readStoredReply } from '@cardseal/providers';
import { localMasterKey } from '@cardseal/sealing';
import { expect, it } from 'vitest';
import { createEndpoints } from '../caches/endpoint-cache.ts';
import { createOutcomeCache } from '../caches/outcome-cache.ts';
import { createTenants } from '../caches/tenant-cache.ts';
import type { WorkerContext } from '../context.ts';
import { createWriteBuffer } from './guards/write-buffer.ts';
import { recognize } from './pipeline.ts';
import { openWork } from './support/work.ts';

const FIRST = { last: false, undecryptable: 0, spare: 0 };
const LAST = { last: true, undecryptable: 0, spare: 0 };
const TENANT = 'bank';

/** 24 bits, 20 × 20. */
function bitmap(): Buffer {
  const picture = Buffer.alloc(54 + 20 * 60);
  picture.write('BM', 0, 'latin1');
  picture.writeUInt32LE(picture.length, 2);
  picture.writeUInt32LE(54, 10);
  picture.writeUInt32LE(40, 14);
  picture.writeInt32LE(20, 18);
  picture.writeInt32LE(20, 22);
  picture.writeUInt16LE(1, 26);
  picture.writeUInt16LE(24, 28);
  return picture;
}

async function twoSides({ erased = false, refusals = 0 }) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const store = memoryObjectStore();
  const ledger = createLedger({ store, master: localMasterKey(Buffer.alloc(32, 1)), clock });
  const job = newJobId(clock.now());
  const sealed = await ledger.jobs.start(TENANT, job);
  await sealed.putImage('front', bitmap());
  await sealed.putImage('back', bitmap());
  await sealed.commit({
    v: 1,
    job,
    tenant: TENANT,
    nonce: 'n',
    createdAtMs: clock.now(),
    sides: ['front', 'back'],
    options: { detect_risk: false, detect_quality: false, detect_photo: false, detect_card: false, fit: true },
    reference: null,
    metadata: {},
    priority: 'interactive',
    expiresAtMs: null,
    retainForS: null,
    keepImages: false,
    endpointIds: null,
    apiKeyId: 'k',
  });
  const permit = {
    credentialId: 'one',
    sent() {},
    async settle() {
      return { held: false, run: 0 };
    },
    async giveBack() {},
  };
  const saved = Promise.withResolvers<void>();
  const paid: string[] = [];
  let refused = 0;
  const provider = {
    id: 'one',
    provider: 'baidu-idcard-enc',
    seal: async (_picture: unknown, side: string) => ({ side, destroy() {} }),
    async call({ side }: { side: string }) {
      paid.push(side);
      if (side === 'front') return { plaintext: Buffer.from('{"words_result":{}}'), latencyMs: 1 };
      await saved.promise;
      if (erased) {
        const times = { createdAtMs: clock.now(), erasedAtMs: clock.now() };
        await ledger.jobs.erasures.declare(TENANT, job, {
          v: 1,
          reason: 'request',
          generation: 1,
          endpointIds: null,
          ...times,
        });
      }
      throw new TransientError('upstream_unavailable');
    },
  };
  const watched = {
    ...store,
    create: async (...given: Parameters<typeof store.create>) => {
      const isReply = given[0] === paths.reply(TENANT, job, 'front');
      if (isReply && refused++ < refusals) throw new TransientError('store_unavailable');
      const created = await store.create(...given);
      if (isReply) saved.resolve();
      return created;
    },
  };
  const seen = createLedger({ store: watched, master: localMasterKey(Buffer.alloc(32, 1)), clock });
  const context = {
    clock,
    random: () => 0,
    log: silentLog,
    metrics: createMetrics('worker', { process: false }),
    ledger: seen,
    tenants: createTenants(seen),
    endpoints: createEndpoints(seen),
    outcomeCache: createOutcomeCache(true),
    writeBuffer: createWriteBuffer({ clock, log: silentLog, random: () => 0 }),
    config: { MAX_IMAGE_BYTES: 1e6 },
    providers: new Map([['one', provider]]),
    readReply: readStoredReply,
    rates: new Map([['one', 10]]),
    pacer: {
      acquire: async ({ prepare }: AcquireOptions) => {
        await prepare?.('one', { leftMs: () => 0, memoryAgeMs: Number.POSITIVE_INFINITY });
        return permit;
      },
      closeGate: async () => {},
      isClosed: () => false,
    },
    meter: new Proxy({}, { get: () => () => {} }),
    stopping: new AbortController().signal,
  } as unknown as WorkerContext;
  const card = { tenant: TENANT, job, generation: 1, attempts: [] };
  const lost = new AbortController();
  return { clock, context, lost, paid, work: (await openWork(context, card, lost.signal))! };
}

it('a run that saves one side and retries the other detects an erasure', async () => {
  const { context, work } = await twoSides({ erased: true });
  await expect(recognize(context, work, FIRST)).rejects.toMatchObject({ code: 'job_erased' });
});

it('without an erasure the saved side is kept, and the other one runs again', async () => {
  const { context, work } = await twoSides({});
  expect(await recognize(context, work, FIRST)).toMatchObject({ kind: 'retry' });
  expect([...work.written.replies.keys()]).toEqual(['front']);
});

/** Time passes until the run has ended. */
async function whileTimePasses<T>(clock: ManualClock, run: Promise<T>): Promise<T> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  run.then(end, end);
  while (!ended) {
    await new Promise(setImmediate);
    clock.advance(1000);
  }
  return run;
}

it('a reply that the ledger does not take waits for it, and is paid for once', async () => {
  const { clock, context, work, paid } = await twoSides({ refusals: 20 });
  expect(await whileTimePasses(clock, recognize(context, work, FIRST))).toMatchObject({ kind: 'retry' });
  expect(paid.filter((side) => side === 'front')).toEqual(['front']);
  expect([...work.written.replies.keys()]).toEqual(['front']);
});

it('a ledger that is away spends no attempt, and no further call is paid for', async () => {
  const { context, work, paid, lost } = await twoSides({ refusals: Number.POSITIVE_INFINITY });
  const first = recognize(context, work, LAST);
  while (context.writeBuffer.waiting() === 0) await new Promise(setImmediate);
  await expect(
    recognize(context, { ...work, request: { ...work.request, sides: ['front'] } }, LAST),
  ).rejects.toMatchObject({
    code: 'store_unavailable',
  });
  expect(paid.filter((side) => side === 'front')).toEqual(['front']);
  lost.abort();
  first.catch(() => {});
});

it('a job whose lock is lost at its slot is not paid for', async () => {
  const { context, work, paid } = await twoSides({});
  const lock = { reassigned: false, holds: async () => false, isLost: () => true };
  expect(await recognize(context, { ...work, lock }, FIRST)).toMatchObject({ kind: 'postpone', code: 'overtaken' });
  expect(paid).toEqual([]);
});

it.each([
  ['that others had before us is looked at again', true, ['back']],
  ['that nobody had before us costs no second look', false, ['front', 'back']],
] as const)('a card %s', async (_, reassigned, sides) => {
  const { context, work, paid } = await twoSides({});
  const lock = { reassigned, holds: async () => true, isLost: () => false };
  // The call of the other worker was in flight when the ledger was read.
  await work.sealed.putReply('front', Buffer.from('{}'));
  await recognize(context, { ...work, lock }, FIRST);
  expect(paid).toEqual(sides);
});
