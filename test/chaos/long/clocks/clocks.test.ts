/**
 * Clocks that are ten minutes wrong. Workers sign with the time on which two of three sources agree, and delays stay
 * correct.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Harness, startHarness } from '../../harness/index.ts';

const RECOVERY_MS = 60_000;
const WRONG_MS = 600_000;
const CARDS = 12;

describe('wrong clocks', () => {
  let harness: Harness | undefined;
  afterEach(async () => {
    await harness?.stop();
    harness = undefined;
  });

  async function startWrong(skewsMs: Record<string, number>): Promise<Harness> {
    const env = {
      NODE_OPTIONS: `--import=${path.join(import.meta.dirname, 'skewed.mjs')}`,
      CLOCK_SKEWS_MS: JSON.stringify(skewsMs),
    };
    harness = await startHarness({ seed: 901, tenants: 2, env });
    return harness;
  }

  it('signatures, attempts and deadlines hold with one worker ten minutes ahead and one behind', async () => {
    const { submit, submitMany, inbox, app, settle, check } = await startWrong({
      'worker-1': WRONG_MS,
      'worker-2': -WRONG_MS,
    });
    // Some deliveries need two attempts, so one worker reads a time that the other wrote.
    inbox.answers.push(500, 500);
    await submitMany(CARDS);
    const { id } = await submit({ client: 0, terms: { expires_in: 300 } });
    expect((await app.finished(id)).state).toBe('succeeded');
    await settle(RECOVERY_MS);
    expect(await check()).toEqual([]);
    // Both workers noticed that their clock was wrong.
    for (const worker of ['worker-1', 'worker-2']) {
      const log = await readFile(path.join(app.dataDir, 'logs', `${worker}.log`), 'utf8');
      expect(log).toContain('clock.corrected');
    }
  });

  it('ids and deadlines of an API that is ten minutes ahead stay usable', async () => {
    const { submit, submitMany, app, settle, check } = await startWrong({ api: WRONG_MS });
    const startedMs = Date.now();
    const { id } = await submit({ client: 0, terms: { expires_in: 300 } });
    const { state, created_at } = await app.finished(id);
    expect(state).toBe('succeeded');
    expect(Math.abs(Date.parse(created_at) - startedMs)).toBeLessThan(30_000);
    await submitMany(CARDS);
    await settle(RECOVERY_MS);
    expect(await check()).toEqual([]);
  });
});
