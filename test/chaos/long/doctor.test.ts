/** `cardseal doctor` and the daily reconciliation report on a real stack, with disagreements made by hand. */
import { newJobId } from '@cardseal/core/job';
import { createJobQueue } from '@cardseal/core/queue';
import { dayOf } from '@cardseal/core/reports';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCardseal } from '../../support/command-line.ts';
import { bucketOf } from '../bucket-copy.ts';
import { type Harness, startHarness } from '../harness/index.ts';

const HOUR_MS = 3_600_000;

describe('doctor', () => {
  let harness: Harness;
  let endpoint: string;
  beforeAll(async () => {
    // No reconciler may repair the disagreements while the test makes them.
    harness = await startHarness({ seed: 801, env: { RECONCILE_INTERVAL_MS: '600000' } });
    endpoint = (await harness.app.call('GET', '/v1/webhook-endpoints')).body.data[0].id;
    await harness.submitMany(4);
    await harness.settle(60_000);
  });
  afterAll(() => harness?.stop());

  const doctor = async (...args: string[]) => {
    const { stdout, exitCode } = await runCardseal(harness.app, ['doctor', '--json', ...args]);
    return { exitCode, findings: JSON.parse(stdout) };
  };
  const day = () => dayOf(Date.now());

  it('finds nothing in a consistent system', async () => {
    expect(await doctor()).toMatchObject({
      exitCode: 0,
      findings: { missing_cards: [], stale_cards: [], unlisted: [] },
    });
    expect((await runCardseal(harness.app, ['doctor', '--help'])).stdout).toContain('--fix');
  });

  it('reports every disagreement, repairs it, and then finds nothing', async () => {
    const bucket = bucketOf(harness.app);
    const jobQueue = createJobQueue(harness.redis, '{cardseal}');
    const [delivered, closed] = harness.accepted.map(({ id }) => id) as [string, string];
    await harness.app.control('PUT', { limits: { qps: 0 } });
    const waiting = await harness.submit();
    const { recognize } = jobQueue.queues();
    await expect.poll(() => recognize.getJobState(`${waiting.id}-1`), { timeout: 30_000 }).not.toBe('active');
    await recognize.remove(`${waiting.id}-1`);
    const { keys } = await bucket.list('index/dev/');
    const name = keys.find((key) => key.endsWith('.succeeded.-'))!;
    await bucket.delete([name]);
    await bucket.put(`undelivered/dev/${delivered}.1.${endpoint}`, Buffer.alloc(0));
    const ref = { tenant: 'dev', job: closed as never, generation: 1, endpoint };
    await jobQueue.addDeliveries([{ ref, delayMs: HOUR_MS }]);
    const accident = newJobId(Date.now() - HOUR_MS);
    await bucket.put(`pending/dev/${accident}.1.-`, Buffer.alloc(0));

    const first = await doctor();
    expect(first.exitCode).toBe(1);
    expect(first.findings).toMatchObject({
      missing_cards: [`${waiting.id}-1`],
      orphan_markers: [`${delivered}-1-${endpoint}`],
      stale_deliveries: [`${closed}-1-${endpoint}`],
      uncommitted: expect.arrayContaining([`${accident}-1`]),
    });
    expect(first.findings.unlisted).toHaveLength(1);
    // An interrupted submit remains a finding: only the workers may withdraw it, after they watched it for ten minutes.
    expect(await doctor('--fix')).toMatchObject({
      exitCode: 1,
      findings: { fixed: true, missing_cards: [`${waiting.id}-1`], left_to_workers: [`${accident}-1`] },
    });
    expect((await bucket.list('index/dev/')).keys).toContain(name);
    expect(await doctor()).toMatchObject({
      exitCode: 1,
      findings: { uncommitted: [`${accident}-1`], missing_cards: [] },
    });
    await bucket.delete([`pending/dev/${accident}.1.-`]);
    expect(await doctor()).toMatchObject({ exitCode: 0 });
    await harness.app.control('DELETE');
    await harness.settle(60_000);
    await jobQueue.close();
  });

  it('the daily report balances and detects a deleted outcome', async () => {
    const manifest = async () => {
      const { stdout, exitCode } = await runCardseal(harness.app, [
        'doctor',
        'manifest',
        '--day',
        day(),
        '--make',
        '--json',
      ]);
      return { exitCode, manifest: JSON.parse(stdout) };
    };
    const total = harness.accepted.length;
    const counts = { accepted: total, finished: total, open: 0, delivered: total };
    expect(await manifest()).toMatchObject({ exitCode: 0, manifest: { agrees: true, counts } });
    const { id } = harness.accepted[0]!;
    await bucketOf(harness.app).delete([`jobs/dev/${id}/outcome.1`]);
    const after = await manifest();
    expect(after.exitCode).toBe(1);
    expect(after.manifest).toMatchObject({ agrees: false, disagreements: [{ id, problem: 'lost' }] });
  });
});
