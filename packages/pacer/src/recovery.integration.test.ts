import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ThrottledError } from '@cardseal/base/errors';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PacingEvent } from './credential-pool.ts';
import { createPacer, type Pacer } from './pacer.ts';
import { startPrivateRedis } from './redis-for-tests.ts';

const QPS = 40;

/** Takes permits until the test stops it; keeps the slot of every call it would have made. */
class Caller {
  readonly sentMs: number[] = [];
  readonly events: PacingEvent[] = [];
  readonly pacer: Pacer;
  readonly #redis: Redis;
  readonly #stopped = new AbortController();
  readonly #done: Promise<void>;
  #wanted: { count: number; reached: () => void } | undefined;

  constructor(port: number) {
    this.#redis = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: null, retryStrategy: () => 50 });
    this.#redis.on('error', () => undefined);
    const credentials = [{ id: 'a', qps: QPS }];
    this.pacer = createPacer({
      redis: this.#redis,
      prefix: 'r',
      credentials,
      onEvent: (event) => this.events.push(event),
    });
    this.#done = Promise.all(Array.from({ length: 8 }, () => this.#work())).then(() => undefined);
  }

  async #work(): Promise<void> {
    const signal = this.#stopped.signal;
    while (!signal.aborted) {
      try {
        const permit = await this.pacer.acquire({ signal, maxWaitMs: 4000 });
        this.sentMs.push(permit.slotMs + permit.latenessMs);
        if (this.#wanted && this.sentMs.length >= this.#wanted.count) this.#wanted.reached();
        await permit.settle({ kind: 'accepted' });
      } catch (error) {
        if (!(error instanceof ThrottledError)) continue;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Resolves when so many more calls were made. */
  more(count: number): Promise<void> {
    return new Promise((reached) => {
      this.#wanted = { count: this.sentMs.length + count, reached };
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#done;
    this.pacer.stop();
    this.#redis.disconnect();
  }
}

function mostInASecond(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  let most = 0;
  for (let from = 0, to = 0; to < sorted.length; to++) {
    while (sorted[to]! - sorted[from]! >= 1000) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

describe('a Redis that forgets in mid-run', () => {
  it('makes no burst and keeps the learned rate and the closed gate when it was emptied', async () => {
    const server = await startPrivateRedis();
    onTestFinished(() => server.stop());
    const callers = [new Caller(server.port), new Caller(server.port)];
    await Promise.all(callers.map((it) => it.more(30)));
    await server.redis.hset('{r:pacing}:a', 'limit', '30');
    await Promise.all(callers.map((it) => it.more(20)));
    await server.redis.flushall();
    await Promise.all(callers.map((it) => it.more(30)));
    expect(callers.some((it) => it.events.some((event) => event.kind === 'state_fresh'))).toBe(true);
    expect(mostInASecond(callers.flatMap((it) => it.sentMs))).toBeLessThanOrEqual(QPS);
    expect((await callers[0]!.pacer.snapshot())[0]!.currentQps).toBeLessThanOrEqual(31);

    const { pacer } = callers[0]!;
    await pacer.closeGate('a', 'maintenance', undefined, 'ann');
    await server.redis.flushall();
    const closedAgain = async () => (await pacer.snapshot())[0]!.gate.state === 'closed';
    await expect.poll(closedAgain, { timeout: 5000 }).toBe(true);
    for (const it of callers) await it.stop();
  }, 30_000);

  it('makes no burst when it was killed and came back without its last second', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'pacing-'));
    const aof = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--dir', folder];
    const first = await startPrivateRedis(aof);
    onTestFinished(() => first.stop());
    const callers = [new Caller(first.port), new Caller(first.port)];
    await Promise.all(callers.map((it) => it.more(40)));
    await first.stop('SIGKILL');
    const second = await startPrivateRedis(aof, first.port);
    onTestFinished(() => second.stop());
    await Promise.all(callers.map((it) => it.more(30)));
    expect(mostInASecond(callers.flatMap((it) => it.sentMs))).toBeLessThanOrEqual(QPS);
    for (const it of callers) await it.stop();
    await second.stop();
    await rm(folder, { recursive: true });
  }, 30_000);
});
