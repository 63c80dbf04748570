/** How each cause of a drill is mended: by the admin's routes and the command line, as the runbook says, and by nothing else. */
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { runCardseal } from '../../support/command-line.ts';
import type { Cause } from './causes.ts';
import { PRIME, SPARE } from './credential-pool.ts';
import { type Scene, WORKERS } from './environment.ts';
import { type Struck, sellQuota } from './injections.ts';

export interface Deed {
  cause: Cause;
  atMs: number;
  how: string;
}

const ASK_EVERY_MS = 250;
const PER_SECOND = 20;

export async function mendAll(scene: Scene, struck: Struck, say: (line: string) => void): Promise<Deed[]> {
  const deeds: Deed[] = [];
  const done = (cause: Cause, how: string) => {
    deeds.push({ cause, atMs: Date.now(), how });
    say(`mended ${cause}: ${how}`);
  };
  await sellQuota(scene);
  await order(scene, `/api/gates/${PRIME}/open`, { reason: 'calls were bought' });
  done('quota', `calls were bought; \`POST /api/gates/${PRIME}/open\``);

  await renewKey(scene);
  await order(scene, `/api/gates/${SPARE}/open`, { reason: 'the key is renewed' });
  done('credential', `key renewed in the pool file, workers restarted in turn; \`POST /api/gates/${SPARE}/open\``);

  const { faltering } = scene;
  faltering.away(false);
  const endpoint = `/api/endpoints/${scene.app.stack.info.tenant}/${faltering.endpoint}`;
  const since = new Date(struck.atMs.endpoint - 60_000).toISOString();
  await order(scene, `${endpoint}/enable`, { reason: 'its owner has started it again' });
  await order(scene, `${endpoint}/recover`, { reason: 'its owner has started it again', since });
  done('endpoint', 'its owner started it again; `POST /api/endpoints/…/enable`, `…/recover`');

  await rm(struck.poison.file);
  const { retried, skipped } = await retryFailed(scene, { code: 'worker_crashed' });
  done('picture', `a mended build; \`POST /api/bulk-retries\` by code: ${retried} tried again, ${skipped} left out`);

  const { exitCode, stdout, stderr } = await runCardseal(scene.app, ['doctor', '--fix', '--json']);
  if (exitCode !== 0) throw new Error(`doctor: ${stdout} ${stderr}`);
  done('redis', 'came back with what it had written; `cardseal doctor --fix`');
  return deeds;
}

/** One worker after the other, as a rollout does. */
async function renewKey({ app, pool }: Scene): Promise<void> {
  await pool.renew();
  for (const name of WORKERS) {
    const restarted = app.stack.nextRestart();
    process.kill(app.stack.child(name).pid, 'SIGTERM');
    await restarted;
  }
}

/** Counts first, as an operator does. */
export async function retryFailed(scene: Scene, filter: object): Promise<{ retried: number; skipped: number }> {
  const dry = await order(scene, '/api/bulk-retries', { ...filter, dry_run: true });
  if (dry.matches === 0) return { retried: 0, skipped: 0 };
  const reason = 'the cause is mended';
  const { id } = await order(scene, '/api/bulk-retries', { ...filter, per_second: PER_SECOND, reason });
  for (;;) {
    const { body } = await scene.admin.call('GET', `/api/bulk-retries/${id}`);
    const skipped = Object.values(body.skipped as Record<string, number>).reduce((sum, count) => sum + count, 0);
    if (body.state === 'finished') return { retried: body.retried, skipped };
    await delay(ASK_EVERY_MS);
  }
}

async function order({ admin }: Scene, route: string, body: object) {
  const answer = await admin.call('POST', route, body);
  if (answer.status >= 300) throw new Error(`${route}: ${answer.status} ${answer.text}`);
  return answer.body;
}
