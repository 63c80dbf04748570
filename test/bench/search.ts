/**
 * Measures search, overview and bulk retry over a large ledger (`npm run bench -- search`). It writes the ledger into
 * the folder of the object store and starts a stack on it; queries use the admin's own routes and S3. The exit code is
 * 1 when a response took more than a second, or a retry was lost or made twice.
 * --jobs 100000: jobs in the ledger.
 * --retries 10000: failed jobs to retry.
 * --pace 200: retries per second.
 * --rounds 5: rounds of queries.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { scan } from '@cardseal/object-store';
import { bucketOf } from '../chaos/bucket-copy.ts';
import { loginAdmin } from '../support/admin.ts';
import { printHelp } from '../support/program-help.ts';
import { startTestStack } from '../support/stack.ts';
import { overviewLooks, searchLooks } from './search/queries.ts';
import { retryMany } from './search/retries.ts';
import { seedLedger } from './search/seed.ts';

printHelp(import.meta.url);

/** The limit for every response. */
const MARK_MS = 1000;

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '100000' },
    retries: { type: 'string', default: '10000' },
    pace: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '5' },
  },
});
const [jobs, failed, pace, rounds] = [values.jobs, values.retries, values.pace, values.rounds].map(Number) as [
  number,
  number,
  number,
  number,
];

const dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-search-'));
const seeded = await seedLedger({ dataDir, tenant: 'dev', jobs, failed });
console.error(`${seeded.objects} objects in ${seeded.seconds} s`);
const app = await startTestStack({ dataDir, workers: 1, env: { LOG_LEVEL: 'info' } });
try {
  const admin = await loginAdmin(app.stack.info);
  const credential = app.stack.info.credentials[0]!.id;
  await admin.call('POST', `/api/gates/${credential}/close`, { reason: 'jobs must wait' });
  // The double reads metadata of each object at its first listing, which a real S3 does not need.
  for await (const _ of scan(bucketOf(app), 'index/'));
  const before = [...(await searchLooks(admin, seeded.oldest, rounds)), ...(await overviewLooks(admin, rounds))];
  console.table(before);
  const retries = failed > 0 ? await retryMany(app, admin, pace, failed) : null;
  if (retries) console.table({ ...retries, skipped: JSON.stringify(retries.skipped), audit: retries.audit.join(', ') });
  const again = retries
    ? [...(await searchLooks(admin, seeded.oldest, rounds)), ...(await overviewLooks(admin, rounds))]
    : [];
  if (retries) console.table(again);
  const late = [...before, ...again]
    .filter(({ maxMs }) => maxMs > MARK_MS)
    .map(({ look, maxMs }) => `${look}: ${maxMs} ms`);
  const lost =
    retries && (retries.open !== failed || retries.queued !== failed) ? ['not each failure is open once'] : [];
  for (const problem of [...late, ...lost]) console.error(`FAILED: ${problem}`);
  console.log(
    JSON.stringify({ bench: 'search', jobs, node: process.version, seeded, before, retries, again, late, lost }),
  );
  process.exitCode = late.length + lost.length > 0 ? 1 : 0;
} finally {
  await app.stop();
}
