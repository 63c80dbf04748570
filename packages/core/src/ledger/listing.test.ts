import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../clock/index.ts';
import { createdAtMs, type JobId, newJobId } from '../job/index.ts';
import { localMasterKey } from '../seal/index.ts';
import { createLedger } from './ledger.ts';
import type { ListingFilter } from './listing.ts';
import { memoryObjectStore } from './store/memory-object-store.ts';

const START_MS = Date.UTC(2026, 0, 1);

interface Made {
  job: JobId;
  reference: string | null;
  state: 'queued' | 'succeeded' | 'failed';
  reopened: boolean;
}

function ledgerWithoutDisk() {
  return createLedger({ store: memoryObjectStore(), master: localMasterKey(Buffer.alloc(32, 1)), clock: systemClock });
}

async function make(
  listing: ReturnType<typeof ledgerWithoutDisk>['listing'],
  plans: readonly { gapMs: number; reference: string | null; state: Made['state']; reopened: boolean }[],
): Promise<Made[]> {
  let atMs = START_MS;
  const made: Made[] = [];
  for (const { gapMs, ...plan } of plans) {
    atMs += gapMs;
    const job = newJobId(atMs);
    await listing.submitted('bank', job, plan.reference);
    if (plan.state !== 'queued') {
      await listing.finished('bank', job, plan.reference, { generation: 1, state: plan.state, code: '-' });
    }
    const reopened = plan.state === 'failed' && plan.reopened;
    if (reopened) await listing.reopened('bank', job, plan.reference, 2);
    made.push({ job, ...plan, reopened });
  }
  return made;
}

/** Every page until the end. */
async function all(listing: ReturnType<typeof ledgerWithoutDisk>['listing'], filter: ListingFilter, limit: number) {
  const found: JobId[] = [];
  let after: JobId | undefined;
  do {
    const page = await listing.page('bank', filter, { after, limit });
    expect(page.jobs.length).toBeLessThanOrEqual(limit);
    found.push(...page.jobs);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return found;
}

describe('listing', () => {
  it('shows exactly the jobs that match, newest first, whatever the size of a page', async () => {
    const plan = fc.record({
      gapMs: fc.integer({ min: 0, max: 50 }),
      reference: fc.constantFrom(null, 'a', 'b'),
      state: fc.constantFrom('queued' as const, 'succeeded' as const, 'failed' as const),
      reopened: fc.boolean(),
    });
    const wanted = fc.record(
      {
        state: fc.constantFrom('queued', 'succeeded', 'failed'),
        reference: fc.constantFrom('a', 'b', 'c'),
        createdAfterMs: fc.integer({ min: START_MS, max: START_MS + 300 }),
        createdBeforeMs: fc.integer({ min: START_MS, max: START_MS + 300 }),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(plan, { maxLength: 20 }),
        wanted,
        fc.integer({ min: 1, max: 7 }),
        async (plans, filter, limit) => {
          const { listing } = ledgerWithoutDisk();
          const made = await make(listing, plans);
          await listing.submitted('other', newJobId(START_MS + 1), 'a');
          const expected = made
            .filter(({ job, reference, state, reopened }) => {
              const now = reopened ? 'queued' : state;
              const atMs = createdAtMs(job);
              return (
                (filter.state === undefined || now === filter.state) &&
                (filter.reference === undefined || reference === filter.reference) &&
                (filter.createdAfterMs === undefined || atMs > filter.createdAfterMs) &&
                (filter.createdBeforeMs === undefined || atMs < filter.createdBeforeMs)
              );
            })
            .map(({ job }) => job)
            .sort()
            .reverse();
          expect(await all(listing, filter, limit)).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('tells a second outcome from the first', async () => {
    const { listing } = ledgerWithoutDisk();
    const job = newJobId(START_MS);
    await listing.submitted('bank', job, null);
    await listing.finished('bank', job, null, { generation: 1, state: 'failed', code: 'image_unusable' });
    await listing.reopened('bank', job, null, 2);
    await listing.finished('bank', job, null, { generation: 2, state: 'succeeded', code: '-' });
    const [entry] = await Array.fromAsync(listing.entries('bank', ''));
    expect(entry).toMatchObject({ job, generation: 2, state: 'succeeded', names: 4 });
  });
});
