/** Repairs each cause of a drill only as the runbook says: with the admin's routes and the CLI. */
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { runCardseal } from '../../support/command-line.ts';
import type { Cause } from './causes.ts';
import { PRIME, SPARE } from './credential-pool.ts';
import { type DrillEnvironment, WORKERS } from './environment.ts';
import { type Injected, sellQuota } from './injections.ts';

export interface Repair {
  cause: Cause;
  atMs: number;
  how: string;
}

const POLL_MS = 250;
const PER_SECOND = 20;

export async function repairAll(
  environment: DrillEnvironment,
  injected: Injected,
  say: (line: string) => void,
): Promise<Repair[]> {
  const repairs: Repair[] = [];
  const done = (cause: Cause, how: string) => {
    repairs.push({ cause, atMs: Date.now(), how });
    say(`repaired ${cause}: ${how}`);
  };
  await sellQuota(environment);
  await post(environment, `/api/gates/${PRIME}/open`, { reason: 'calls were bought' });
  done('quota', `calls were bought; \`POST /api/gates/${PRIME}/open\``);

  await renewKey(environment);
  await post(environment, `/api/gates/${SPARE}/open`, { reason: 'the key is renewed' });
  done('credential', `key renewed in the pool file, workers restarted in turn; \`POST /api/gates/${SPARE}/open\``);

  const { failing } = environment;
  failing.away(false);
  const endpoint = `/api/endpoints/${environment.app.stack.info.tenant}/${failing.endpoint}`;
  const since = new Date(injected.atMs.endpoint - 60_000).toISOString();
  await post(environment, `${endpoint}/enable`, { reason: 'its owner has started it again' });
  await post(environment, `${endpoint}/recover`, { reason: 'its owner has started it again', since });
  done('endpoint', 'the receiver was restarted; `POST /api/endpoints/…/enable`, `…/recover`');

  await rm(injected.poison.file);
  const { retried, skipped } = await retryFailed(environment, { code: 'worker_crashed' });
  done('picture', `a fixed build; \`POST /api/bulk-retries\` by code: ${retried} retried, ${skipped} skipped`);

  const { exitCode, stdout, stderr } = await runCardseal(environment.app, ['doctor', '--fix', '--json']);
  if (exitCode !== 0) throw new Error(`doctor: ${stdout} ${stderr}`);
  done('redis', 'restarted with its persisted data; `cardseal doctor --fix`');
  return repairs;
}

/** Restarts one worker after the other, as a rollout does. */
async function renewKey({ app, pool }: DrillEnvironment): Promise<void> {
  await pool.renew();
  for (const name of WORKERS) {
    const restarted = app.stack.nextRestart();
    process.kill(app.stack.child(name).pid, 'SIGTERM');
    await restarted;
  }
}

/** Starts with a dry run, as an operator does. */
export async function retryFailed(
  environment: DrillEnvironment,
  filter: object,
): Promise<{ retried: number; skipped: number }> {
  const dry = await post(environment, '/api/bulk-retries', { ...filter, dry_run: true });
  if (dry.matches === 0) return { retried: 0, skipped: 0 };
  const reason = 'the cause is repaired';
  const { id } = await post(environment, '/api/bulk-retries', { ...filter, per_second: PER_SECOND, reason });
  for (;;) {
    const { body } = await environment.admin.call('GET', `/api/bulk-retries/${id}`);
    const skipped = Object.values(body.skipped as Record<string, number>).reduce((sum, count) => sum + count, 0);
    if (body.state === 'finished') return { retried: body.retried, skipped };
    await delay(POLL_MS);
  }
}

async function post({ admin }: DrillEnvironment, route: string, body: object) {
  const answer = await admin.call('POST', route, body);
  if (answer.status >= 300) throw new Error(`${route}: ${answer.status} ${answer.text}`);
  return answer.body;
}
