/**
 * `npm run soak -- webhooks [--outcomes 20000] [--seed 1]`: outcomes for receivers that fail half of the time, while
 * workers are killed and Redis is restarted. Fails unless every outcome arrived at its endpoint, verified, under one id
 * and with the same bytes on every try, and at no other. Duplicates are counted: they are allowed, and must be few.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { percentile, seeded } from '../bench/deliver/simulation.ts';
import { createOwing } from '../support/owed-outcomes.ts';
import { startTestStack } from '../support/stack.ts';
import { type Arrival, seenOf, startReceiver, verifyTwice } from '../support/webhook-receiver.ts';

const ENDPOINTS = 40;
const AT_ONCE = 32;
const FAULT_EVERY_MS = 8000;
/** From then on nothing is killed: the last ones show that it mends by itself. */
const PEACE_SHARE = 0.9;
/** Tries after the second lie minutes apart: those further off are asked for again, as their owner would. */
const PATIENCE_MS = 10_000;
const PROGRESS_EVERY_MS = 5000;

export async function main(args: readonly string[] = []): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      outcomes: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '30' },
    },
  });
  const outcomes = Number(values.outcomes);
  const random = seeded(Number(values.seed));
  console.log(`seed ${values.seed}, ${outcomes} outcomes`);
  const [app, receiver] = await Promise.all([
    startTestStack({ workers: 2, env: { LOG_LEVEL: 'warn', LOCK_DURATION_MS: '5000', RECONCILE_INTERVAL_MS: '5000' } }),
    startReceiver(),
  ]);
  const owing = createOwing(app);
  const expected = new Map<string, string>();
  const secrets = new Map<string, string>();
  const delivered = new Map<string, number>();
  let faults = 0;
  try {
    const ids: string[] = [];
    for (let n = 0; n < ENDPOINTS; n++) {
      const path = `/endpoint-${n}`;
      const { id, secret } = await owing.endpoint(receiver.url(path));
      ids.push(id);
      secrets.set(path, secret);
      receiver.behave(path, (response, { event }) => {
        const fails = random() < 0.5;
        if (!fails) delivered.set(event.data.id, (delivered.get(event.data.id) ?? 0) + 1);
        if (fails && random() < 0.3) return void response.socket?.resetAndDestroy();
        response.writeHead(fails ? 500 : 204).end();
      });
    }
    const stopAtMs = Date.now() + Number(values.minutes) * 60_000;
    let running = true;
    const trouble = (async () => {
      while (running) {
        await delay(FAULT_EVERY_MS);
        const name = ['worker-1', 'worker-2', 'redis'][Math.floor(random() * 3)]!;
        try {
          process.kill(app.stack.child(name).pid, 'SIGKILL');
          faults++;
        } catch {
          // It is just being started again.
        }
        if (delivered.size >= outcomes * PEACE_SHARE) running = false;
      }
    })();
    let next = 0;
    const one = async () => {
      for (let n = next++; n < outcomes; n = next++) {
        const at = n % ENDPOINTS;
        expected.set(await owing.owe([ids[at]!]), `/endpoint-${at}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    console.log(`all ${outcomes} are owed; waiting for the rest`);
    for (let told = 0; delivered.size < outcomes && Date.now() < stopAtMs; await delay(250)) {
      if (Date.now() - told < PROGRESS_EVERY_MS) continue;
      told = Date.now();
      console.log(`${delivered.size} of ${outcomes} delivered, ${receiver.arrivals.length} tries, ${faults} kills`);
      if (next >= outcomes) await resendLeft(app);
    }
    running = false;
    await trouble;
    return report(receiver.arrivals, expected, secrets, delivered, faults);
  } finally {
    await owing.close();
    await app.stop();
    await receiver.stop();
  }
}

async function resendLeft({ call }: Awaited<ReturnType<typeof startTestStack>>): Promise<void> {
  const { body } = await call('GET', '/v1/deliveries?state=undelivered&limit=100');
  const isFar = ({ next_try_at: at }: { next_try_at: string | null }) =>
    at && Date.parse(at) > Date.now() + PATIENCE_MS;
  const waiting = (body?.data ?? []).filter(isFar);
  await Promise.all(waiting.map(({ id }: { id: string }) => call('POST', `/v1/deliveries/${id}/resend`)));
}

function report(
  arrivals: readonly Arrival[],
  expected: ReadonlyMap<string, string>,
  secrets: ReadonlyMap<string, string>,
  delivered: ReadonlyMap<string, number>,
  faults: number,
): number {
  const problems: string[] = [];
  const byJob = Map.groupBy(arrivals, ({ event }) => event.data.id as string);
  for (const [job, path] of expected) {
    const seen = byJob.get(job) ?? [];
    if (!delivered.has(job)) problems.push(`${job}: not delivered`);
    const { ids, bodies } = seenOf(seen);
    if (ids.size > 1 || bodies.size > 1) problems.push(`${job}: ${ids.size} ids, ${bodies.size} bodies`);
    if (seen.some((one) => one.path !== path)) problems.push(`${job}: told to a wrong endpoint`);
  }
  for (const arrival of arrivals.filter((_, at) => at % 20 === 0)) verifySometime(arrival, secrets, problems);
  const accepted = [...delivered.values()];
  const duplicates = accepted.reduce((sum, count) => sum + count - 1, 0);
  console.log(problems.slice(0, 20).join('\n'));
  const tries = [...byJob.values()].map(({ length }) => length);
  const figures = {
    outcomes: expected.size,
    tries: arrivals.length,
    p99Tries: percentile(tries, 0.99),
    duplicates,
    kills: faults,
  };
  console.log(JSON.stringify({ soak: 'webhooks', ok: problems.length === 0, problems: problems.length, ...figures }));
  return problems.length === 0 ? 0 : 1;
}

/** The signature's time is that of the try, which is long ago at the end of a long run: only recent ones can be judged. */
function verifySometime(arrival: Arrival, secrets: ReadonlyMap<string, string>, problems: string[]): void {
  if (Date.now() - arrival.atMs > 240_000) return;
  try {
    verifyTwice(arrival, secrets.get(arrival.path)!);
  } catch {
    problems.push(`${arrival.id}: does not verify`);
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
