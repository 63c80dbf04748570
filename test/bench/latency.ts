/**
 * Measures the time from submit to verified webhook on an idle system without the upstream's own time, compared with
 * the sum of the bare operations measured between the jobs of the same run (`npm run bench -- latency`). The bare sum
 * contains no reads, no sealing and no rate limiter. Targets: p50 at most 1.5 times, p99 at most 3 times.
 * --cards 60: number of jobs.
 */
import { parseArgs } from 'node:util';
import { generateSpecimens } from '@cardseal/emulator/cards';
import { printHelp } from '../support/program-help.ts';
import { startTestStack } from '../support/stack.ts';
import { startReceiver, verifyTwice } from '../support/webhook-receiver.ts';
import { percentile } from './deliver/simulation.ts';
import { startBareOperations } from './latency/bare.ts';

printHelp(import.meta.url);

const WARM_UP = 5;
const PATH = '/latency';

interface View {
  attempts: { at: string; latency_ms: number }[];
  finished_at: string;
}

const { values } = parseArgs({ options: { cards: { type: 'string', default: '60' } } });
const cards = Number(values.cards);
const [app, receiver] = await Promise.all([startTestStack({ env: { LOG_LEVEL: 'info' } }), startReceiver()]);
try {
  await app.control('PUT', { latency_ms: { p50: 50, p99: 60 } });
  const endpoint = JSON.stringify({ url: receiver.url(PATH), payload: 'reference' });
  const headers = { 'content-type': 'application/json' };
  const { body } = await app.call('POST', '/v1/webhook-endpoints', { body: endpoint, headers });
  const [specimen] = await Array.fromAsync(generateSpecimens({ count: 1, seed: 3, scenario: 'good', scale: 0.6 }));
  const bare = await startBareOperations(app.stack.info, specimen!.front);

  async function oneCard(): Promise<{ ours: number; upstream: number; stretches: Record<string, number> }> {
    const sentMs = performance.now();
    const sentAtMs = Date.now();
    const url = `${app.stack.info.apiUrl}/v1/jobs?side=front`;
    const authorization = `Bearer ${app.stack.info.apiKey}`;
    const image = new Uint8Array(specimen!.front);
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization, 'content-type': 'image/jpeg' },
      body: image,
    });
    const { id } = (await answer.json()) as { id: string };
    const [arrival] = await receiver.next(({ event }) => event.data.id === id);
    verifyTwice(arrival!, body.secret);
    const totalMs = performance.now() - sentMs;
    const { attempts, finished_at } = (await app.call('GET', `/v1/jobs/${id}`)).body as View;
    const upstream = attempts.reduce((sum, { latency_ms }) => sum + latency_ms, 0);
    const [calledMs, endedMs] = [Date.parse(attempts[0]!.at), Date.parse(finished_at)];
    const stretches = {
      'to the call': calledMs - sentAtMs,
      'to the outcome': endedMs - calledMs - upstream,
      'to the webhook': sentAtMs + totalMs - endedMs,
    };
    return { ours: totalMs - upstream, upstream, stretches };
  }

  const ours: number[] = [];
  const sums: number[] = [];
  const upstream: number[] = [];
  const parts = new Map<string, number[]>();
  const ways = new Map<string, number[]>();
  for (let n = -WARM_UP; n < cards; n++) {
    const card = await oneCard();
    const took = await bare.measure();
    if (n < 0) continue;
    ours.push(card.ours);
    upstream.push(card.upstream);
    sums.push(Object.values(took).reduce((sum, ms) => sum + ms, 0));
    for (const [name, ms] of Object.entries(card.stretches)) ways.set(name, [...(ways.get(name) ?? []), ms]);
    for (const [name, ms] of Object.entries(took)) parts.set(name, [...(parts.get(name) ?? []), ms]);
  }
  await bare.stop();
  const at = (numbers: number[]) => ({ p50Ms: percentile(numbers, 0.5), p99Ms: percentile(numbers, 0.99) });
  const row = (name: string, numbers: number[]) => {
    const { p50Ms, p99Ms } = at(numbers);
    console.log(`${name.padEnd(22)} ${p50Ms.toFixed(1).padStart(8)} ${p99Ms.toFixed(1).padStart(8)}`);
  };
  console.log(`${cards} jobs, one at a time\n${''.padEnd(22)}   p50 ms   p99 ms`);
  for (const [name, numbers] of parts) row(`bare ${name}`, numbers);
  row('bare, all', sums);
  row('upstream', upstream);
  for (const [name, numbers] of ways) row(`api and worker, ${name}`, numbers);
  row('ours without upstream', ours);
  const [a, b] = [at(ours), at(sums)];
  const ratio = { p50: a.p50Ms / b.p50Ms, p99: a.p99Ms / b.p99Ms };
  console.log(JSON.stringify({ bench: 'latency', cards, ours: a, bare: b, ratio, goal: { p50: 1.5, p99: 3 } }));
} finally {
  await app.stop();
  await receiver.stop();
}
