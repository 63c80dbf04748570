/** Clients that submit one job after the other and record the time of each response. */
import { request } from 'undici';
import { runCardseal } from '../../support/command-line.ts';
import type { TestStack } from '../../support/stack.ts';
import { percentile } from '../deliver/simulation.ts';

export interface Target {
  url: string;
  key: string;
  clients: number;
}

export interface Latency {
  p50Ms: number;
  p99Ms: number;
  mostMs: number;
}

/** A key with limits that the API checks for every job, and that are never reached. */
export async function limitedKey(app: TestStack): Promise<string> {
  const limits = ['--requests-per-second', '100000', '--cards-per-day', '10000000'];
  const { stdout } = await runCardseal(app, ['key', 'create', 'dev', ...limits]);
  return stdout.trim();
}

/** Throws when the API does not accept a job. */
export async function submitMany({ url, key, clients }: Target, image: Buffer, cards: number): Promise<Latency> {
  const took: number[] = [];
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'image/jpeg' };
  let left = cards;
  const client = async () => {
    while (left-- > 0) {
      const startedMs = performance.now();
      const { statusCode, body } = await request(url, { method: 'POST', headers, body: image });
      await body.dump();
      took.push(performance.now() - startedMs);
      if (statusCode !== 202) throw new Error(`a job got ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { p50Ms: percentile(took, 0.5), p99Ms: percentile(took, 0.99), mostMs: Math.max(...took) };
}
