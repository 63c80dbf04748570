/** The short form of `npm run soak -- outage`, and the run without the circuit breaker that shows what it is for. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { OUTAGE_KINDS, outageProblems, surviveOutage } from '../soak/outage/experiment.ts';

const WITHOUT = path.resolve(import.meta.dirname, '../chaos/long/unguarded/remove-guard.mjs');
const short = { jobs: 16, outageMs: 12_000, qps: 20, workers: 2, deadlineMs: 2000, giveUpMs: 75_000, say: () => {} };

describe('a provider that is away', () => {
  it.concurrent.each(OUTAGE_KINDS)('(%s) fails no job, and all end within a minute of its return', async (kind) => {
    // An undecryptable response needs several images to be an outage, so that more jobs must arrive at once.
    const findings = await surviveOutage({ kind, ...short });
    expect(outageProblems(findings), JSON.stringify(findings)).toEqual([]);
  });

  it('fails every early job without the breaker', async () => {
    const env = { NODE_OPTIONS: `--import=${WITHOUT}`, WITHOUT_GUARD: 'circuit breaker' };
    const findings = await surviveOutage({ kind: 'http_503', ...short, outageMs: 40_000, env });
    expect(findings.failed).toBeGreaterThan(0);
    expect(outageProblems(findings)).toContain('the breaker did not open');
  });
});
