/**
 * Creates a ledger of one week in the folder of the store before the stack starts: every job with its key, sealed
 * request and index name; failed jobs also with image and outcome, so that they can be retried.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '@cardseal/base/clock';
import { createTenant } from '@cardseal/core/access';
import { type JobId, jobOptionsSchema, newJobId } from '@cardseal/core/job';
import { createLedger, type Ledger } from '@cardseal/core/ledger';
import { localMasterKey } from '@cardseal/sealing';
import { plainJpeg } from '../../support/images.ts';
import { openFolderStore } from './folder-store.ts';

export interface SeedOptions {
  dataDir: string;
  tenant: string;
  jobs: number;
  /** The number of jobs that failed with `CODE`, spread evenly. */
  failed: number;
}

export interface Seeded {
  oldest: JobId;
  objects: number;
  seconds: number;
}

/** References of the jobs for the bulk retry, and of the five oldest jobs. */
export const CODE = 'upstream_unavailable';
export const RARE_CODE = 'picture_gone';
const RARE = 5;
const BUCKET = 'cardseal';
const WEEK_MS = 7 * 86_400_000;
const AT_ONCE = 32;

export async function seedLedger({ dataDir, tenant, jobs, failed }: SeedOptions): Promise<Seeded> {
  const beganMs = performance.now();
  const folder = await openFolderStore(path.join(dataDir, 's3'), BUCKET);
  try {
    const master = localMasterKey(await masterKeyOf(dataDir));
    const ledger = createLedger({ store: folder.store, master, clock: systemClock });
    await createTenant(ledger, systemClock, tenant, 'A tenant of a week');
    const image = await plainJpeg();
    const startMs = Date.now() - WEEK_MS;
    const idOf = (at: number) => newJobId(startMs + Math.floor((at * WEEK_MS) / jobs));
    const oldest = idOf(0);
    let at = 0;
    async function makeSome(): Promise<void> {
      while (at < jobs) {
        const n = at++;
        const job = n === 0 ? oldest : idOf(n);
        const isFailed = Math.floor(((n + 1) * failed) / jobs) > Math.floor((n * failed) / jobs);
        const code = n < RARE ? RARE_CODE : isFailed ? CODE : '-';
        await makeJob(ledger, { tenant, job, n, code, image });
        if (n % 10_000 === 0) process.stderr.write(`${n} jobs, ${Math.round(performance.now() - beganMs)} ms\n`);
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, makeSome));
    return { oldest, objects: folder.objects(), seconds: Math.round((performance.now() - beganMs) / 1000) };
  } finally {
    await folder.close();
  }
}

/** The launcher keeps existing secrets. */
async function masterKeyOf(dataDir: string): Promise<Buffer> {
  await mkdir(dataDir, { recursive: true });
  const file = path.join(dataDir, 'master.key');
  if (!existsSync(file)) await writeFile(file, randomBytes(32), { mode: 0o600 });
  return readFile(file);
}

interface Seed {
  tenant: string;
  job: JobId;
  n: number;
  code: string;
  image: Buffer;
}

export const referenceOf = (n: number) => `contract ${n}`;

async function makeJob(ledger: Ledger, { tenant, job, n, code, image }: Seed): Promise<void> {
  const atMs = Date.now();
  const reference = referenceOf(n);
  const state = code === '-' ? 'succeeded' : 'failed';
  const { sealed, keep } = await ledger.jobs.startUnseen(tenant, job);
  await keep();
  if (state === 'failed') {
    await sealed.putImage('front', image);
    const texts = { full: '{}', reference: '{}' };
    await sealed.decide({ v: 1, generation: 1, state, code, atMs, eventId: `msg_${n}`, ...texts } as never);
  }
  await sealed.commit({
    ...{ v: 1, job, tenant, nonce: job, createdAtMs: atMs, sides: ['front'], options: jobOptionsSchema.parse({}) },
    ...{ reference, metadata: {}, priority: 'bulk', expiresAtMs: null, retainForS: null },
    ...{ keepImages: false, endpointIds: null, apiKeyId: 'seed' },
  });
  await ledger.jobs.listing.finished(tenant, job, reference, { generation: 1, state, code });
}
