import { ManualClock } from '@cardseal/base/clock';
import { memoryObjectStore, type ObjectStore } from '@cardseal/object-store';
import { localMasterKey } from '@cardseal/sealing';
import { ulid } from 'ulid';
import { describe, expect, it } from 'vitest';
import type { JobId } from '../job/index.ts';
import { createLedger, type Ledger } from '../ledger/index.ts';
import { dayOf, lastDay, makeManifest, readManifest, stretchOf } from './index.ts';

const TENANT = 'bank';
const ENDPOINT = 'we_00000000000000000000000001';
const DAY = '2026-03-02';
const NOON_MS = Date.parse('2026-03-02T12:00:00+08:00');

async function world(sabotage: (store: ObjectStore) => ObjectStore = (store) => store) {
  const memory = memoryObjectStore();
  const clock = new ManualClock(NOON_MS);
  const ledger = createLedger({ store: sabotage(memory), master: localMasterKey(Buffer.alloc(32, 1)), clock });
  const endpoint = { url: 'https://r.example/', events: null, payload: 'full', state: 'enabled', createdAtMs: 0 };
  await ledger.tenants.endpoints.create(TENANT, ENDPOINT, {
    ...endpoint,
    publicKey: null,
    headers: {},
    secrets: [],
  } as never);
  const day = (run = ledger) => makeManifest(run, clock, { tenant: TENANT, day: DAY });
  return { memory, clock, ledger, day };
}

const ref = (job: JobId) => ({ tenant: TENANT, job, generation: 1, endpoint: ENDPOINT });

let made = 0;

/** In the order of making, but of any time. */
const jobAt = (atMs: number): JobId => `job_${ulid(atMs + made++)}`;

async function accept(ledger: Ledger, atMs = NOON_MS): Promise<JobId> {
  const job = jobAt(atMs);
  await ledger.jobs.markers.openGeneration(TENANT, job, 1, null);
  const sealed = await ledger.jobs.start(TENANT, job);
  await sealed.commit({ v: 1, job, tenant: TENANT, reference: null, endpointIds: null, sides: ['front'] } as never);
  return job;
}

async function finish(ledger: Ledger, job: JobId, owes = true): Promise<JobId> {
  const outcome = { v: 1, generation: 1, state: 'succeeded', code: '-', atMs: NOON_MS, full: '{}', reference: '{}' };
  await (await ledger.jobs.open(TENANT, job))!.decide(outcome as never);
  if (owes) await ledger.jobs.markers.owe(ref(job));
  await ledger.jobs.markers.closeGeneration(TENANT, job, 1, null);
  return job;
}

async function tried(ledger: Ledger, job: JobId, answer: string, nextAtMs: number | null): Promise<void> {
  const before = await ledger.deliveries.records.read(ref(job));
  await ledger.deliveries.records.record(before, {
    atMs: NOON_MS,
    class: answer,
    status: 200,
    latencyMs: 1,
    nextAtMs,
    attempt: 1,
  });
}

describe('the manifest of a day', () => {
  it('balances: accepted jobs are finished or open, and finished ones are delivered, parked or due', async () => {
    const { ledger, day } = await world();
    await accept(ledger);
    await finish(ledger, await accept(ledger));
    const told = await finish(ledger, await accept(ledger));
    await tried(ledger, told, 'delivered', null);
    await ledger.jobs.markers.settle(ref(told));
    const spent = await finish(ledger, await accept(ledger));
    await tried(ledger, spent, 'server_error', null);
    await ledger.jobs.markers.settle(ref(spent));
    const erased = await finish(ledger, await accept(ledger));
    await ledger.jobs.erasures.declare(TENANT, erased, {} as never);
    await ledger.jobs.erasures.remove(TENANT, erased, 'request', []);
    await accept(ledger, NOON_MS - 13 * 3_600_000);
    await accept(ledger, NOON_MS + 12 * 3_600_000);
    const counts = {
      accepted: 5,
      finished: 4,
      open: 1,
      delivered: 1,
      parked: 0,
      undelivered: 2,
      unaddressed: 0,
      erased: 1,
    };
    expect(await day()).toMatchObject({ agrees: true, counts, problems: 0, run: 1, parts: 1 });
    const parked = await finish(ledger, await accept(ledger));
    await ledger.jobs.markers.park(ref(parked));
    await ledger.tenants.endpoints.change(TENANT, ENDPOINT, (value) => ({ ...value, state: 'disabled' }));
    expect(await day()).toMatchObject({
      agrees: true,
      run: 2,
      counts: { ...counts, accepted: 6, finished: 5, parked: 1 },
    });
    const [lines] = await Array.fromAsync(
      ledger.reports.manifests.parts<{ id: string }>({ tenant: TENANT, day: DAY, run: 2 }),
    );
    expect(lines!.map(({ id }) => id)).toContain(parked);
  });

  it('reports a problem when an outcome, a request, a marker or its record was deleted by hand', async () => {
    const { ledger, memory, day } = await world();
    const [lost, headless, untold, forgotten] = [
      await finish(ledger, await accept(ledger)),
      await finish(ledger, await accept(ledger)),
      await finish(ledger, await accept(ledger), false),
      await finish(ledger, await accept(ledger)),
    ] as const;
    await memory.delete([`jobs/${TENANT}/${lost}/outcome.1`, `jobs/${TENANT}/${headless}/request`]);
    await tried(ledger, forgotten, 'server_error', NOON_MS + 5000);
    await ledger.jobs.markers.settle(ref(forgotten));
    const manifest = await day();
    expect(manifest).toMatchObject({ agrees: false, problems: 4 });
    expect(manifest!.disagreements.map(({ id, problem }) => [id, problem])).toEqual([
      [lost, 'lost'],
      [headless, 'headless'],
      [untold, 'untold'],
      [forgotten, 'forgotten'],
    ]);
  });

  it('disagrees for a job that has a reply and lost its request, and for one that lost its key', async () => {
    const { ledger, memory, day } = await world();
    const [worked, keyless] = [await accept(ledger), await finish(ledger, await accept(ledger), false)] as const;
    await (await ledger.jobs.open(TENANT, worked))!.putReply('front', Buffer.from('a reply'));
    await memory.delete([`jobs/${TENANT}/${worked}/request`, `keys/${TENANT}/${keyless}`]);
    const manifest = await day();
    expect(manifest).toMatchObject({ agrees: false, counts: { accepted: 2 } });
    expect(manifest!.disagreements.map(({ id, problem }) => [id, problem])).toEqual([
      [worked, 'headless'],
      [keyless, 'headless'],
    ]);
  });

  it('is gone on with where a maker died, and made once by two at once', async () => {
    const jobs = 12_000;
    let writesLeft = Number.POSITIVE_INFINITY;
    const { ledger, memory, day } = await world((store) => ({
      ...store,
      create: async (key, body) => {
        if (key.startsWith('manifests/') && writesLeft-- <= 0) throw new Error('killed');
        return store.create(key, body);
      },
    }));
    for (let at = 0; at < jobs; at++) {
      const job = jobAt(NOON_MS);
      await memory.put(`jobs/${TENANT}/${job}/request`, Buffer.alloc(0));
      await memory.put(`pending/${TENANT}/${job}.1.-`, Buffer.alloc(0));
    }
    writesLeft = 1;
    await expect(day()).rejects.toThrow('killed');
    expect(await readManifest(ledger, TENANT, DAY)).toBeNull();
    const before = memory.objects.get(`manifests/${TENANT}/${DAY}/1/part.00000`)!.toString();
    writesLeft = Number.POSITIVE_INFINITY;
    const [one, other] = await Promise.all([day(), day()]);
    expect(one).toMatchObject({ agrees: true, run: 1, parts: 3, counts: { accepted: jobs, open: jobs } });
    expect(other!.counts).toEqual(one!.counts);
    expect(memory.objects.get(`manifests/${TENANT}/${DAY}/1/part.00000`)!.toString()).toBe(before);
    const lines = (
      await Array.fromAsync(ledger.reports.manifests.parts<{ id: string }>({ tenant: TENANT, day: DAY, run: 1 }))
    ).flat();
    expect(new Set(lines.map(({ id }) => id)).size).toBe(jobs);
  });

  it('takes its days from Shanghai', () => {
    expect(dayOf(Date.parse('2026-03-01T16:00:00Z'))).toBe(DAY);
    expect(stretchOf(DAY)!.fromMs).toBe(Date.parse('2026-03-01T16:00:00Z'));
    expect(stretchOf('2026-02-30')).toBeNull();
    expect(lastDay(Date.parse('2026-03-02T17:00:01Z'))).toBe(DAY);
  });
});
