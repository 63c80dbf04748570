import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { redisResponds } from './ping.ts';

const redis = (status: string, ping: () => Promise<'PONG'>) =>
  ({ status, ping }) as Parameters<typeof redisResponds>[0];

describe('whether Redis answers', () => {
  it('is asked of it', async () => {
    expect(await redisResponds(redis('ready', async () => 'PONG'))).toBe(true);
    expect(await redisResponds(redis('ready', () => Promise.reject(new Error('closed'))))).toBe(false);
  });

  it('is no where nothing is connected, without a question', async () => {
    const asked = redis('connecting', () => Promise.reject(new Error('asked')));
    expect(await redisResponds(asked)).toBe(false);
  });

  it('is false when the response does not arrive in time', async () => {
    expect(
      await redisResponds(
        redis('ready', () => new Promise(() => {})),
        20,
      ),
    ).toBe(false);
  });

  it('is true when the response arrived in time and the event loop was late', async () => {
    const ping = async (): Promise<'PONG'> => {
      await delay(5);
      return 'PONG';
    };
    const answers = redisResponds(redis('ready', ping), 20);
    const untilMs = performance.now() + 60;
    while (performance.now() < untilMs);
    expect(await answers).toBe(true);
  });
});
