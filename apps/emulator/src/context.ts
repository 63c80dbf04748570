// The state that the routes of one emulator share, created once from its configuration.
import type { EmulatorConfig, EmulatorOverrides } from './config.ts';
import { createCallJournal } from './control/journal.ts';
import { createFaults } from './faults/faults.ts';
import { createLatency } from './faults/latency.ts';
import { loadKeyPair } from './idcard/key-pair.ts';
import { createThreadedReader } from './idcard/reader-thread.ts';
import { createRequestReader } from './idcard/request-reader.ts';
import { createLimiter } from './limits/limiter.ts';
import { createTokens } from './token/tokens.ts';

export type Context = ReturnType<typeof createContext>;

export function createContext(config: EmulatorConfig, overrides: EmulatorOverrides) {
  const now = overrides.now ?? (() => performance.timeOrigin + performance.now());
  const random = overrides.random ?? Math.random;
  const keyPair = loadKeyPair(config.dataDir);
  const { suite, replyField, bounds } = config;
  const readerConfig = { privatePem: keyPair.privatePem, suite, replyField, bounds };
  const qpsOf = new Map(config.credentials.map((credential) => [credential.id, credential.qps ?? config.qps]));
  return {
    config,
    now,
    keyPair,
    tokens: createTokens(config, keyPair.tokenSecret, now),
    limiter: createLimiter((id) => qpsOf.get(id) ?? config.qps),
    latency: createLatency(random),
    faults: createFaults(random),
    journal: createCallJournal(),
    reader: config.readerThread ? createThreadedReader(readerConfig) : createRequestReader(readerConfig),
    /** The last good response, for the fault `swap_reply`, which sends one caller's reply to another. */
    lastReply: { imageSha256: '', body: '' },
    nextLogId: createLogIds(now),
    stopping: new AbortController(),
  };
}

/** Unsigned 64-bit numbers above 2^53, like the provider's: a JSON reader that uses doubles corrupts them. */
function createLogIds(now: () => number): () => bigint {
  let counter = 0n;
  return () => {
    counter += 1n;
    return BigInt(Math.floor(now())) * 1_000_000n + (counter % 1_000_000n);
  };
}
