import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PrivateRedis, startPrivateRedis } from '../../../pacer/src/redis-for-tests.ts';
import type { JobId } from '../job/index.ts';
import { newJobId } from '../job/index.ts';
import { createJobChanges, encodeChange } from './changes.ts';
import { connectRedis } from './connection.ts';
import { createFinishedEvents } from './finished.ts';
import { changedChannel, finishedChannel } from './names.ts';

const PREFIX = '{listening}';
const FOREVER_MS = 60_000;

describe('waiting requests on one subscription', () => {
  let server: PrivateRedis;
  beforeAll(async () => {
    server = await startPrivateRedis(['--appendonly', 'no']);
  });
  afterAll(() => server.stop());

  /** Publishes until a subscriber receives the message. */
  async function publish(channel: string, message: string): Promise<void> {
    while ((await server.redis.publish(channel, message)) === 0) await new Promise(setImmediate);
  }
  const cutSubscribers = () => server.redis.call('client', 'kill', 'type', 'pubsub');

  it('receive the messages of their job and of no other, a thousand by one message', async () => {
    const finished = createFinishedEvents(connectRedis(`redis://127.0.0.1:${server.port}`, 'subscriber'), PREFIX);
    finished.start();
    const job = newJobId(1);
    // The word that the subscription stands wakes all who are there before it.
    const first = finished.next(job, FOREVER_MS);
    await publish(finishedChannel(PREFIX), job);
    expect(await first.arrived).toBe(true);
    const waiting = Array.from({ length: 1000 }, () => finished.next(job, FOREVER_MS));
    const other = finished.next(newJobId(2), FOREVER_MS);
    expect(finished.waiting()).toBe(1001);
    await publish(finishedChannel(PREFIX), job);
    expect(new Set(await Promise.all(waiting.map(({ arrived }) => arrived)))).toEqual(new Set([true]));
    expect(finished.waiting()).toBe(1);
    other.cancel();
    expect(await other.arrived).toBe(false);
    expect(finished.waiting()).toBe(0);
    finished.stop();
  });

  it('are all woken once after a gap, because what was said in it is lost', async () => {
    const subscriber = connectRedis(`redis://127.0.0.1:${server.port}`, 'subscriber');
    const finished = createFinishedEvents(subscriber, PREFIX);
    const changes = createJobChanges(subscriber, PREFIX);
    finished.start();
    changes.start();
    const job: JobId = newJobId(3);
    const queued = encodeChange({ job, generation: 1, state: 'queued', waitingFor: null });
    const heard: string[] = [];
    const listening = Promise.withResolvers<void>();
    changes.watch(job, ({ state }) => {
      heard.push(state);
      if (state === 'queued') listening.resolve();
    });
    await publish(changedChannel(PREFIX), queued);
    await listening.promise;
    heard.length = 0;
    const wait = finished.next(job, FOREVER_MS);
    await cutSubscribers();
    expect(await wait.arrived).toBe(true);
    await expect.poll(() => heard).toContain('finished');
    finished.stop();
    changes.stop();
  });
});
