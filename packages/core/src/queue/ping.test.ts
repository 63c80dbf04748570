import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { redisAnswers } from './ping.ts';

const redis = (status: string, ping: () => Promise<'PONG'>) => ({ status, ping }) as Parameters<typeof redisAnswers>[0];

describe('whether Redis answers', () => {
  it('is asked of it', async () => {
    expect(await redisAnswers(redis('ready', async () => 'PONG'))).toBe(true);
    expect(await redisAnswers(redis('ready', () => Promise.reject(new Error('closed'))))).toBe(false);
  });

  it('is no where nothing is connected, without a question', async () => {
    const asked = redis('connecting', () => Promise.reject(new Error('asked')));
    expect(await redisAnswers(asked)).toBe(false);
  });

  it('is no where the answer does not come in time', async () => {
    expect(
      await redisAnswers(
        redis('ready', () => new Promise(() => {})),
        20,
      ),
    ).toBe(false);
  });

  it('is yes where the answer came in time and the loop was late', async () => {
    const ping = async (): Promise<'PONG'> => {
      await delay(5);
      return 'PONG';
    };
    const answers = redisAnswers(redis('ready', ping), 20);
    const untilMs = performance.now() + 60;
    while (performance.now() < untilMs);
    expect(await answers).toBe(true);
  });
});
