/**
 * `npm run demo`: starts the stack in a temporary folder, runs the story in `demo/`, stops the stack and removes the
 * folder.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DevInfo } from './dev-info.ts';
import { untilStopSignal } from './lifetime.ts';
import { startStack } from './stack.ts';

const INTERRUPTED = 130;

/** Returns the demo's exit code, or 130 after an interrupt. */
export async function main(): Promise<number> {
  const giveUp = new AbortController();
  const interrupted = untilStopSignal().then(() => {
    giveUp.abort();
    return INTERRUPTED;
  });
  const dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-demo-'));
  try {
    return await showIn(dataDir, giveUp.signal, interrupted);
  } catch (error) {
    if (giveUp.signal.aborted) return INTERRUPTED;
    throw error;
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function showIn(dataDir: string, signal: AbortSignal, interrupted: Promise<number>): Promise<number> {
  const { REDIS_URL } = process.env;
  const startedAt = performance.now();
  const stack = await startStack({
    dataDir,
    signal,
    log: (line) => console.log(line),
    ...(REDIS_URL && { redisUrl: REDIS_URL }),
  });
  console.log(`everything responds after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  try {
    const demo: { runDemo: (info: DevInfo) => Promise<number> } = await import(
      new URL('./demo/index.ts', import.meta.url).href
    );
    return await Promise.race([demo.runDemo(stack.info), interrupted]);
  } finally {
    await stack.stop();
  }
}
