/** Submits jobs at a constant rate during a drill, each with a different image. */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { generateSpecimens } from '@cardseal/emulator/cards';
import type { TestStack } from '../../support/stack.ts';
import { stamped } from '../../support/vary-jpeg.ts';

export interface Load {
  /** Job ids that the API accepted. */
  accepted: string[];
  /** Reasons of failed submits. */
  refused: string[];
  /** Creates another image; its hash is known before the submit. */
  nextImage(): { sha256: string; submit(): Promise<string> };
  stop(): Promise<void>;
}

const SPECIMENS = 6;

export async function startLoad(
  app: TestStack,
  { seed, perSecond }: { seed: number; perSecond: number },
): Promise<Load> {
  const options = { count: SPECIMENS, seed, scenario: 'good', scale: 0.5 } as const;
  const specimens = await Array.fromAsync(generateSpecimens(options));
  const accepted: string[] = [];
  const refused: string[] = [];
  const stopping = new AbortController();
  let made = 0;

  const image = () => {
    const n = made++;
    return stamped(specimens[n % SPECIMENS]!.front, n);
  };
  async function submit(front: Buffer): Promise<string> {
    const { id } = await app.submit({ front });
    accepted.push(id);
    return id;
  }

  const running = new Set<Promise<unknown>>();
  const pacing = (async () => {
    while (!stopping.signal.aborted) {
      const one = submit(image()).catch((error: Error) => refused.push(error.message));
      running.add(one);
      void one.finally(() => running.delete(one));
      await delay(1000 / perSecond, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();

  return {
    accepted,
    refused,
    nextImage() {
      const front = image();
      return { sha256: createHash('sha256').update(front).digest('hex'), submit: () => submit(front) };
    },
    async stop() {
      stopping.abort();
      await pacing;
      await Promise.all(running);
    },
  };
}
