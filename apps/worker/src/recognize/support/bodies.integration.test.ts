import { DefectError } from '@cardseal/base/errors';
import { silentLog } from '@cardseal/core/log';
import { createMetrics } from '@cardseal/core/metrics';
import type { PreparedCall, Provider } from '@cardseal/core/provider';
import { createPacer } from '@cardseal/pacer';
import { expect, it, onTestFinished } from 'vitest';
import { startPrivateRedis } from '../../../../../packages/pacer/src/redis-for-tests.ts';
import type { WorkerContext } from '../../context.ts';
import { callProvider } from '../steps/call.ts';
import type { FetchedImage } from '../steps/fetch.ts';
import { likelyFirst, sealBodies } from './bodies.ts';
import type { Work } from './work.ts';

/** Two credentials whose bodies do not fit each other, over a real pacer. */
async function mixedPool({ refused = [] as string[] } = {}) {
  const server = await startPrivateRedis();
  const rates = new Map([
    ['enc', 90],
    ['aes', 10],
  ]);
  const credentials = [...rates].map(([id, qps]) => ({ id, qps }));
  const pacer = createPacer({ redis: server.redis, prefix: 'mixed', credentials });
  onTestFinished(async () => {
    pacer.stop();
    await server.stop();
  });
  const sealed: string[] = [];
  const called: string[] = [];
  const providers = new Map(
    [...rates.keys()].map((id) => {
      const provider = {
        id,
        provider: 'one',
        bodyGroup: id,
        seal: async () => {
          if (refused.includes(id)) {
            throw new DefectError('upstream_credential_refused', { fields: { upstreamClass: 'configuration' } });
          }
          sealed.push(id);
          return { of: id, destroy: () => {} } as unknown as PreparedCall;
        },
        call: async (body: PreparedCall, _signal: AbortSignal, hooks: { onSend?: () => void }) => {
          hooks.onSend?.();
          called.push(`${(body as unknown as { of: string }).of} by ${id}`);
          return { latencyMs: 1 };
        },
      };
      return [id, provider as unknown as Provider];
    }),
  );
  const context = {
    providers,
    rates,
    pacer,
    // This random number selects the credential with 90 calls a second.
    random: () => 0,
    log: silentLog,
    clock: { now: Date.now },
    metrics: createMetrics('worker', { process: false }),
    meter: { permit: () => {}, answered: () => {} },
    writeBuffer: { waiting: () => 0 },
    stopping: new AbortController().signal,
  } as unknown as WorkerContext;
  const work = {
    job: 'job_1',
    generation: 1,
    lookedAtMs: Date.now(),
    request: { expiresAtMs: null, options: {} },
    signal: new AbortController().signal,
    attempts: [],
  } as unknown as Work;
  const picture = { bytes: new Uint8Array(8) } as FetchedImage;
  const image = () => 'image';
  const call = async () => {
    const bodies = await sealBodies(context, work, 'front', picture, image);
    return callProvider(context, work, { side: 'front', bodies, image });
  };
  return { context, pacer, call, sealed, called };
}

it('a call whose usual credential is closed is sent at once with the permit and the body of another one', async () => {
  const { pacer, call, sealed, called } = await mixedPool();
  await pacer.closeGate('enc', 'operator', undefined, 'ann');
  await call();
  expect(called).toEqual(['aes by aes']);
  expect(sealed).toEqual(['aes']);
});

it('a gate that another process closed costs a second body and no wait in the queue', async () => {
  const { context, pacer, call, sealed, called } = await mixedPool();
  await pacer.closeGate('enc', 'operator', undefined, 'ann');
  context.pacer = { ...pacer, isClosed: () => false };
  await call();
  expect([sealed, called]).toEqual([['enc', 'aes'], ['aes by aes']]);
});

it('a credential that the provider refuses loses its permit to another one', async () => {
  const { context, pacer, call, called } = await mixedPool({ refused: ['enc'] });
  // The random number selects the other credential, but the refused one has the earliest permit.
  context.random = () => 0.99;
  await pacer.acquire({ only: ['enc'], maxWaitMs: 5000 });
  await call();
  expect(called).toEqual(['aes by aes']);
  expect(pacer.isClosed('enc')).toBe(true);
});

it('selects by rate among the open credentials, and tries the others after them', () => {
  const one = (id: string) => ({ id }) as Provider;
  const groups = [[one('a'), one('b')], [one('c')]];
  const rates = new Map([
    ['a', 10],
    ['b', 20],
    ['c', 30],
  ]);
  const order = (drawn: number, closed: string[] = []) =>
    likelyFirst(groups, { random: () => drawn, rates, pacer: { isClosed: (id) => closed.includes(id) } })
      .flat()
      .map(({ id }) => id);
  expect(order(0.49)).toEqual(['a', 'b', 'c']);
  expect(order(0.51)).toEqual(['c', 'a', 'b']);
  expect(order(0.3, ['a'])).toEqual(['a', 'b', 'c']);
  expect(order(0.41, ['a'])).toEqual(['c', 'a', 'b']);
  expect(order(0, ['a', 'b'])).toEqual(['c', 'a', 'b']);
  expect(order(0.99, ['a', 'b', 'c'])).toHaveLength(3);
});
