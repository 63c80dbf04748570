/**
 * Search and overview over a large ledger: index names of so many jobs are put straight into the store of a stack, and
 * each look is timed over the admin's own routes. `npm run bench -- search --jobs 100000`.
 */
import { parseArgs } from 'node:util';
import { inverted, newJobId } from '@cardseal/core/job';
import { createS3Client, paths, s3ObjectStore } from '@cardseal/core/ledger';
import { loginAdmin } from '../support/admin.ts';
import { startTestStack } from '../support/stack.ts';

const { values } = parseArgs({
  options: { jobs: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '5' } },
});
const JOBS = Number(values.jobs);
const ROUNDS = Number(values.rounds);
const PUTS_AT_ONCE = 64;
const WEEK_MS = 7 * 86_400_000;
const EMPTY = Buffer.alloc(0);

const app = await startTestStack({ workers: 1 });
try {
  const { tenant, s3 } = app.stack.info;
  const oldest = await seed(tenant, s3);
  const admin = await loginAdmin(app.stack.info);
  const looks = {
    'newest 50': 'limit=50',
    'state=failed (1 %)': 'state=failed&limit=50',
    'code of 5 jobs, the oldest': 'code=picture_gone&limit=50',
    'reference of nobody': 'reference=nobody',
    'by id, the oldest': `id=${oldest}`,
    'one hour, five days ago': hour(5),
  };
  const table: Record<string, unknown>[] = [];
  for (const [name, query] of Object.entries(looks)) table.push(await time(name, `/api/jobs?${query}`, admin));
  table.push(await time('overview', '/api/overview', admin, 2500));
  table.push(await timeDryRun(admin));
  console.table(table);
  console.log(JSON.stringify({ bench: 'search', jobs: JOBS, node: process.version, looks: table }));
} finally {
  await app.stop();
}

type Client = Awaited<ReturnType<typeof loginAdmin>>;

/** Spread over a week: a hundredth failed, five of the oldest with a code of their own. Returns the oldest job. */
async function seed(owner: string, info: typeof app.stack.info.s3): Promise<string> {
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = info;
  const credentials = { accessKeyId, secretAccessKey };
  const store = s3ObjectStore(createS3Client({ endpoint, region, forcePathStyle: true, credentials }), bucket);
  const startMs = Date.now() - WEEK_MS;
  const jobs = Array.from({ length: JOBS }, (_, at) => newJobId(startMs + Math.floor((at * WEEK_MS) / JOBS)));
  const beganMs = performance.now();
  let at = 0;
  async function putSome(): Promise<void> {
    while (at < JOBS) {
      const number = at++;
      const code = number < 5 ? 'picture_gone' : number % 100 === 0 ? 'upstream_request_invalid' : '-';
      const name = paths.indexFinished(owner, jobs[number]!, '-', 1, code === '-' ? 'succeeded' : 'failed', code);
      await store.put(name, EMPTY);
      if (number % 10_000 === 0)
        process.stderr.write(`${number} names, ${Math.round(performance.now() - beganMs)} ms\n`);
    }
  }
  await Promise.all(Array.from({ length: PUTS_AT_ONCE }, putSome));
  // The request alone makes a job one that can be found by its id.
  await store.put(paths.request(owner, jobs[0]!), EMPTY);
  if (inverted(jobs[0]!) < inverted(jobs[1]!)) throw new Error('names do not list the newest first');
  return jobs[0]!;
}

function hour(daysAgo: number): string {
  const atMs = Date.now() - daysAgo * 86_400_000;
  const iso = (ms: number) => encodeURIComponent(new Date(ms).toISOString());
  return `created_after=${iso(atMs)}&created_before=${iso(atMs + 3_600_000)}&limit=100`;
}

/** Every answer, and how many of them until nothing was left to look at. */
async function time(name: string, route: string, admin: Client, restMs = 0) {
  const answers: number[] = [];
  let pages = 0;
  let found = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let cursor: string | null = null;
    pages = 0;
    found = 0;
    do {
      const began = performance.now();
      const { status, body } = await admin.call('GET', cursor ? `${route}&cursor=${cursor}` : route);
      answers.push(performance.now() - began);
      if (status !== 200) throw new Error(`${route}: ${status}`);
      pages++;
      found += body.data?.length ?? 0;
      cursor = found === 0 ? (body.next_cursor ?? null) : null;
    } while (cursor !== null);
    // A look is shared for some seconds: the next one shall be its own.
    if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
  }
  answers.sort((a, b) => a - b);
  return {
    look: name,
    answers: pages,
    found,
    medianMs: Math.round(answers[Math.floor(answers.length / 2)]!),
    maxMs: Math.round(answers.at(-1)!),
  };
}

async function timeDryRun(admin: Client) {
  const began = performance.now();
  const { body } = await admin.call('POST', '/api/bulk-retries', { state: 'failed', dry_run: true });
  return {
    look: `bulk dry run, complete: ${body.complete}`,
    answers: 1,
    found: body.matches,
    medianMs: Math.round(performance.now() - began),
    maxMs: null,
  };
}
