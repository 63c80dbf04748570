/**
 * Takes the provider of the real stack away in one of six ways while jobs arrive. It measures what happens to the jobs,
 * how many calls are made meanwhile, and how long the jobs take after the provider returns. Calls come from the
 * attempts of the jobs, gate changes from Redis.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { generateSpecimens, type Specimen } from '@cardseal/emulator/cards';
import { createPacer, type Pacer } from '@cardseal/pacer';
import { Redis } from 'ioredis';
import { startTestStack, type TestStack } from '../../support/stack.ts';

const FAULTS = {
  http_503: { kind: 'http', status: 503 },
  timeout: { kind: 'hang' },
  refused: { kind: 'refuse' },
  html: { kind: 'html' },
  garbage: { kind: 'garbage_cipher' },
  key_wrapper: null,
} as const;

export type OutageKind = keyof typeof FAULTS;
export const OUTAGE_KINDS = Object.keys(FAULTS) as OutageKind[];

export interface OutageSettings {
  kind: OutageKind;
  /** Jobs, spread evenly over the outage. */
  jobs: number;
  outageMs: number;
  qps: number;
  workers: number;
  /** The deadline of one call; a short deadline makes the short form of the test short. */
  deadlineMs?: number;
  /** Settings of every child process, for example to remove a guard. */
  env?: NodeJS.ProcessEnv;
  /** How long to wait for all jobs after the provider is back. */
  giveUpMs: number;
  say: (line: string) => void;
}

export interface OutageFindings {
  kind: OutageKind;
  jobs: number;
  outageS: number;
  succeeded: number;
  failed: number;
  /** Attempts that BullMQ counts for all jobs, shortly before the provider is back. */
  attemptsSpent: number;
  /** Time since the first failed call; null when the breaker never opened. */
  openedAfterMs: number | null;
  /** The error that opened the breaker, as stored in the gate. */
  cause: string | null;
  /** Calls before the breaker opened, and how many of them were still in flight then. */
  callsBefore: number;
  inFlightAtOpening: number;
  /** Calls between the opening and the end of the outage. */
  probes: number;
  shortestPauseMs: number | null;
  /** What the API shows for a job that arrived in the middle. */
  waitingFor: string | null;
  hasEstimate: boolean;
  /** From the end of the outage until the last job ended; null when some did not end. */
  recoveredS: number | null;
  refusedForRate: number;
}

const QUEUE = '{cardseal}:recognize:';
const SPECIMENS = 4;

interface Setup {
  app: TestStack;
  redis: Redis;
  pacer: Pacer;
  specimens: Specimen[];
  setOutage(on: boolean): Promise<void>;
}

export async function surviveOutage(settings: OutageSettings): Promise<OutageFindings> {
  const { kind, qps, workers, deadlineMs, env } = settings;
  const dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-outage-'));
  const deathFile = path.join(dataDir, 'wrapper-dies');
  const script = path.join(import.meta.dirname, 'key-wrapper.mjs');
  const publicKey = path.join(dataDir, 'emulator-public-key.pem');
  const wrapper = `command:${JSON.stringify([process.execPath, script, publicKey, deathFile])}`;
  const app = await startTestStack({
    dataDir,
    baiduQps: qps,
    workers,
    env: { LOG_LEVEL: 'info', ...env },
    apps: {
      ...(deadlineMs ? { UPSTREAM_DEADLINE_MS: String(deadlineMs) } : {}),
      ...(kind === 'key_wrapper' ? { BAIDU_KEY_WRAPPER: wrapper } : {}),
    },
  });
  const redis = new Redis(app.stack.info.redisUrl);
  const pacer = createPacer({
    redis,
    prefix: 'cardseal',
    credentials: [{ id: app.stack.info.credentials[0]!.id, qps }],
  });
  const fault = FAULTS[kind];
  const setOutage = async (on: boolean) => {
    if (fault) await app.control('PUT', { faults: on ? [fault] : [] });
    else if (on) await writeFile(deathFile, '');
    else await rm(deathFile);
  };
  try {
    const specimens: Specimen[] = [];
    for await (const one of generateSpecimens({ count: SPECIMENS, seed: 11, scenario: 'good', scale: 0.5 }))
      specimens.push(one);
    return await experiment(settings, { app, redis, pacer, specimens, setOutage });
  } finally {
    pacer.stop();
    redis.disconnect();
    await app.stop();
  }
}

async function experiment(settings: OutageSettings, setup: Setup): Promise<OutageFindings> {
  const { app, pacer, redis, setOutage } = setup;
  const { kind, jobs, outageMs, giveUpMs, say } = settings;
  const first = await app.submit({ front: setup.specimens[0]!.front });
  await app.finished(first.id);

  const beganMs = Date.now();
  await setOutage(true);
  say(`${kind}: the provider is away for ${outageMs / 1000} s`);
  const ids = await arrive(setup, jobs, outageMs);
  const gate = (await pacer.snapshot())[0]!.gate;
  const { body: middle } = await app.call('GET', `/v1/jobs/${ids[Math.floor(jobs / 2)]}`);
  const attemptsSpent = await spentAttempts(redis, ids);
  await setOutage(false);
  const endedMs = Date.now();
  say(`${kind}: the provider is back`);
  const ends = await allEnded(app, ids, endedMs + giveUpMs);
  const finished = ends.filter((job) => job !== null);
  const calls = finished.flatMap(({ attempts }) => attempts as Attempt[]).map(timed);
  const during = calls.filter(({ atMs }) => atMs >= beganMs && atMs < endedMs).sort((a, b) => a.atMs - b.atMs);
  const openedMs = gate.reason === 'provider_outage' ? gate.since! : null;
  const before = during.filter(({ atMs }) => openedMs === null || atMs <= openedMs);
  const probes = during.filter((call) => !before.includes(call));
  const pauses = probes.slice(1).map(({ atMs }, at) => atMs - probes[at]!.atMs);
  const stats = await app.stats();
  return {
    kind,
    jobs,
    outageS: (endedMs - beganMs) / 1000,
    succeeded: finished.filter(({ state }) => state === 'succeeded').length,
    failed: finished.filter(({ state }) => state === 'failed').length,
    attemptsSpent,
    openedAfterMs: openedMs === null ? null : Math.round(openedMs - beganMs),
    cause: gate.cause ?? null,
    callsBefore: before.length,
    inFlightAtOpening: openedMs === null ? 0 : before.filter(({ endMs }) => endMs > openedMs).length,
    probes: probes.length,
    shortestPauseMs: pauses.length === 0 ? null : Math.min(...pauses),
    waitingFor: middle.waiting_for,
    hasEstimate: middle.estimated_start_at !== null,
    recoveredS: finished.length < jobs ? null : (latest(finished) - endedMs) / 1000,
    refusedForRate: stats.rejected_qps!,
  };
}

interface Attempt {
  at: string;
  latency_ms: number | null;
}

const timed = ({ at, latency_ms }: Attempt) => ({ atMs: Date.parse(at), endMs: Date.parse(at) + (latency_ms ?? 0) });

const latest = (ends: readonly { finished_at: string }[]): number =>
  Math.max(...ends.map(({ finished_at }) => Date.parse(finished_at)));

async function arrive({ app, specimens }: Setup, jobs: number, overMs: number): Promise<string[]> {
  const startMs = Date.now();
  const ids: string[] = [];
  for (let at = 0; at < jobs; at++) {
    await delay(Math.max(0, startMs + (at * overMs) / jobs - Date.now()));
    const { front, back } = specimens[at % SPECIMENS]!;
    ids.push((await app.submit(at % 2 === 0 ? { front } : { back })).id);
  }
  await delay(Math.max(0, startMs + overMs - Date.now()));
  return ids;
}

async function spentAttempts(redis: Redis, ids: readonly string[]): Promise<number> {
  const counts = await Promise.all(ids.map((id) => redis.hget(`${QUEUE}${id}-1`, 'atm')));
  return counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
}

/** null for a job that had not ended by `deadlineMs`. */
async function allEnded(app: TestStack, ids: readonly string[], deadlineMs: number) {
  // biome-ignore lint/suspicious/noExplicitAny: what the API responds is asserted, not assumed
  const ended: any[] = [];
  for (const id of ids) {
    let job = null;
    while (!job && Date.now() < deadlineMs) {
      const { body } = await app.call('GET', `/v1/jobs/${id}?wait=5`);
      if (body.finished_at) job = body;
    }
    ended.push(job);
  }
  return ended;
}

/** Empty when the outage caused no loss. */
export function outageProblems(found: OutageFindings): string[] {
  const { kind, jobs, outageS, failed, succeeded, recoveredS, probes } = found;
  // The first pause is at least 4 s, the second 8 s, all later ones 12 s.
  const mostProbes = 2 + Math.ceil(outageS / 12);
  const problems = [
    failed > 0 && `${failed} jobs failed`,
    succeeded < jobs && `${jobs - succeeded} of ${jobs} jobs did not succeed`,
    (recoveredS === null || recoveredS > 60) && `the last job ended ${recoveredS} s after the recovery`,
    found.openedAfterMs === null && 'the breaker did not open',
    kind !== 'key_wrapper' &&
      found.callsBefore - found.inFlightAtOpening > 5 &&
      `${found.callsBefore} calls before it opened`,
    kind === 'key_wrapper' && found.callsBefore > 0 && 'calls went out without a key',
    probes > mostProbes && `${probes} probes`,
    // The first probe is due at the latest 6 s after the opening, once the calls in flight have ended.
    kind !== 'key_wrapper' &&
      probes === 0 &&
      outageS * 1000 - (found.openedAfterMs ?? 0) > 30_000 &&
      'no probe in half a minute',
    found.shortestPauseMs !== null && found.shortestPauseMs < 3500 && `probes after ${found.shortestPauseMs} ms`,
    found.waitingFor !== 'provider' && `a waiting job says ${found.waitingFor}`,
    !found.hasEstimate && 'a waiting job has no estimate',
  ];
  return problems.filter((problem) => problem !== false);
}
