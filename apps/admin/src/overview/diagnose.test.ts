import { describe, expect, it } from 'vitest';
import { diagnose } from './diagnose.ts';
import type { CredentialView, Overview } from './view.ts';

const step = { perMinute: 0, waiting: 0, oldestMs: null, failing: 0 };
const NOW = Date.UTC(2026, 10, 22, 3);

const open = {
  id: 'main',
  gate: { state: 'open' },
  nominalQps: 10,
  currentQps: 10,
  usedToday: 5,
  daily: 100,
  refusedLastMinute: 0,
  samples: [],
} as unknown as CredentialView;
const closed: CredentialView = { ...open, gate: { state: 'closed', reason: 'daily_quota', until: NOW + 3_600_000 } };

const healthy: Overview = {
  atMs: NOW,
  redis: 'up',
  ledger: 'up',
  workers: 2,
  workersStarting: 0,
  workerState: 'running',
  steps: { accepted: step, queued: step, recognising: step, outcome: step, delivering: step, delivered: step },
  ended: [],
  credentials: [open],
  endpoints: {
    counts: { healthy: 3, failing: 0, held: 0, disabled: 0 },
    off: 0,
    unheard: { failing: 0, disabled: 0 },
    sick: [],
  },
  failures: [],
  incidents: [],
};
const texts = (change: Partial<Overview>) =>
  diagnose({ ...healthy, ...change }).map(({ tone, what }) => `${tone}: ${what}`);

describe('the diagnosis', () => {
  it('is empty when everything works', () => {
    expect(diagnose(healthy)).toEqual([]);
  });

  it('names each problem, the worst first', () => {
    const sick = { tenant: 'bank', id: 'we_1', host: 'hooks.example', health: 'failing', streak: 9 } as const;
    const lines = texts({
      redis: 'down',
      credentials: [closed],
      endpoints: {
        counts: { healthy: 2, failing: 1, held: 0, disabled: 0 },
        off: 0,
        unheard: { failing: 0, disabled: 0 },
        sick: [sick] as never,
      },
      failures: [{ code: 'worker_crashed', count: 4, recent: 1, lastAtMs: NOW - 60_000, tenant: 'bank', job: 'job_1' }],
    });
    expect(lines).toEqual([
      'bad: Redis does not answer.',
      'bad: No job can be recognised: the gate of credential main is closed, because the provider reports that today’s quota is used up.',
      'bad: 1 webhook endpoint fails: hooks.example (bank).',
      'warn: 1 job failed recently with worker_crashed.',
    ]);
  });

  it('asks the operator to inform a tenant that has no other endpoint for the notice', () => {
    const sick = { tenant: 'bank', id: 'we_1', host: 'hooks.example', health: 'failing', streak: 9, unheard: true };
    const counts = { healthy: 0, failing: 1, held: 0, disabled: 0 };
    const advice = (one: object) =>
      diagnose({
        ...healthy,
        endpoints: { counts, off: 0, unheard: { failing: 1, disabled: 0 }, sick: [one] as never },
      }).map((it) => it.advice);
    expect(advice(sick)).toEqual([
      'Pending deliveries are kept and retried. No other endpoint receives the notice: tell bank.',
    ]);
    expect(advice({ ...sick, unheard: false })).toEqual(['Pending deliveries are kept and retried.']);
  });

  it('names a provider outage first, with provider, cause, duration, waiting jobs and runbook page', () => {
    const gate = {
      state: 'closed',
      reason: 'provider_outage',
      cause: 'upstream_http_5xx',
      since: NOW - 120_000,
    } as const;
    const credentials = [{ ...open, provider: 'baidu-idcard-enc', gate }];
    const queued = { ...step, waiting: 17 };
    const [first, ...others] = diagnose({
      ...healthy,
      redis: 'down',
      credentials,
      steps: { ...healthy.steps, queued },
    });
    expect(first).toMatchObject({ tone: 'bad', href: '/gates#gate-main' });
    expect(first!.what).toBe(
      'The provider baidu-idcard-enc is down (credential main) since 2026-11-22 02:58 UTC (2 min).',
    );
    expect(first!.advice).toMatch(/upstream_http_5xx.* 17 jobs wait.*docs\/operate\/runbook\/provider-down\.md/);
    expect(others.map(({ what }) => what)).toEqual(['Redis does not answer.']);
  });

  it('distinguishes one closed credential from all closed', () => {
    expect(texts({ credentials: [closed, { ...open, id: 'spare' }] })).toEqual([
      expect.stringMatching(/^warn: The gate of credential main is closed/),
    ]);
  });

  it('reports no slow queue while all gates are closed', () => {
    const queued = { ...step, waiting: 900, oldestMs: 3_600_000 };
    expect(texts({ steps: { ...healthy.steps, queued } })).toEqual(['warn: A job has been waiting for 60 min.']);
    expect(texts({ steps: { ...healthy.steps, queued }, credentials: [closed] })).toHaveLength(1);
  });

  it('reports missing workers, a store outage, a nearly used quota, and refused calls', () => {
    expect(texts({ workers: 0, workerState: 'none' })).toEqual(['bad: No worker is running.']);
    expect(texts({ ledger: 'down' })).toEqual(['bad: The object store does not answer.']);
    expect(texts({ credentials: [{ ...open, usedToday: 91 }] })).toEqual([
      'warn: Credential main has used 91 of today’s 100 calls.',
    ]);
    expect(texts({ credentials: [{ ...open, refusedLastMinute: 12 }] })).toEqual([
      'warn: The provider refused 12 calls of main in the last minute.',
    ]);
  });

  it('distinguishes starting workers from missing workers', () => {
    expect(texts({ workers: 0, workerState: 'starting' })).toEqual(['warn: Workers are starting.']);
  });

  it('leaves out failures older than ten minutes', () => {
    const failure = { code: 'x', count: 3, recent: 0, tenant: 'bank', job: 'job_1' };
    expect(texts({ failures: [{ ...failure, lastAtMs: NOW - 601_000 }] })).toEqual([]);
  });
});
