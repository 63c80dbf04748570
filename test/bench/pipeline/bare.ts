/**
 * The baseline: a script without queue, rate limiter, retries or recovery. It makes the same reads, sealing, call and
 * writes as a worker, in a loop.
 */

import { systemClock } from '@cardseal/base/clock';
import { decodeCheckpoint, encodeCheckpoint, type JobId, type JobRequest } from '@cardseal/core/job';
import type { Ledger, SealedJob } from '@cardseal/core/ledger';
import { freezeOutcome } from '@cardseal/core/use-cases';
import { buildResult, DEFAULT_POLICY, dateInShanghai } from '@cardseal/idcard/card';
import {
  createBaiduProvider,
  createIdCardClient,
  createTokenFetcher,
  createTokenSource,
  memoryTokenStore,
  rsaKeyWrapper,
} from '@cardseal/providers/baidu';
import { readReply } from '@cardseal/providers/baidu/reading';
import { TENANT } from './store.ts';

export interface BareOptions {
  ledger: Ledger;
  upstreamUrl: string;
  publicPem: string;
  concurrency: number;
}

export function createBareScript({ ledger, upstreamUrl, publicPem, concurrency }: BareOptions) {
  const client = createIdCardClient({ baseUrl: upstreamUrl, deadlineMs: 10_000, connections: concurrency });
  const { provider, tokenSource } = providerOn(client, publicPem);
  const { signal } = new AbortController();

  async function recognize(job: JobId): Promise<void> {
    const { sealed: card, request } = (await ledger.jobs.openForWork(TENANT, job))!;
    const image = (await card.image('front'))!;
    const sealed = await provider.seal(image, 'front', request.options, signal);
    const { plaintext } = await provider.call(sealed, signal, { onRepeat: (error) => Promise.reject(error) });
    const atMs = Date.now();
    const header = { v: 1, kind: 'reply', provider: provider.provider, at: new Date(atMs).toISOString() } as const;
    const checkpoint = encodeCheckpoint({ header, reply: plaintext });
    await card.putReply('front', checkpoint);
    await conclude(card, request, checkpoint);
  }

  async function conclude(card: SealedJob, request: JobRequest, checkpoint: Buffer): Promise<void> {
    const { job } = card;
    const { reply } = decodeCheckpoint(checkpoint);
    const atMs = Date.now();
    const readings = [readReply(reply, { declaredSide: 'front', provider: provider.provider })];
    const result = buildResult(readings, { today: dateInShanghai(atMs), policy: DEFAULT_POLICY, adjusted: {} });
    const outcome = freezeOutcome({
      request,
      generation: 1,
      state: 'succeeded',
      atMs,
      attempts: [],
      recognized: ['front'],
      result,
      publicUrl: '',
    });
    await Promise.all([card.decide(outcome), ledger.tenants.endpoints.list(TENANT)]);
    await Promise.all([
      ledger.jobs.listing.finished(TENANT, job, null, outcome),
      ledger.jobs.deleteImages(TENANT, job, ['front']),
    ]);
    await ledger.jobs.erasures.tombstone(TENANT, job);
    await ledger.jobs.markers.closeGeneration(TENANT, job, 1, null);
  }

  return {
    /** Fetches the token and opens connections. */
    start: () => tokenSource.get(signal),
    async run(jobs: readonly JobId[]): Promise<void> {
      const left = [...jobs];
      const work = async () => {
        for (let job = left.shift(); job; job = left.shift()) await recognize(job);
      };
      await Promise.all(Array.from({ length: concurrency }, work));
    },
    stop: () => client.stop(),
  };
}

function providerOn(client: ReturnType<typeof createIdCardClient>, publicPem: string) {
  const tokenSource = createTokenSource({
    credentialId: 'main',
    apiKey: 'bench',
    secretKey: 'bench',
    fetchToken: createTokenFetcher(client),
    store: memoryTokenStore(systemClock),
    clock: systemClock,
  });
  const credential = { id: 'main', provider: 'baidu-idcard-enc' as const };
  const keyWrapper = rsaKeyWrapper(Buffer.from(publicPem));
  return { tokenSource, provider: createBaiduProvider({ credential, keyWrapper, tokenSource, client }) };
}
