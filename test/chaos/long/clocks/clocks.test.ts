/** Clocks that are ten minutes wrong: signatures are made by the time that two of three agree on, and delays hold. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Night, startNight } from '../../harness/index.ts';

const RECOVERY_MS = 60_000;
const WRONG_MS = 600_000;
const CARDS = 12;

describe('clocks that are wrong', () => {
  let night: Night | undefined;
  afterEach(async () => {
    await night?.stop();
    night = undefined;
  });

  async function startWrong(skewsMs: Record<string, number>): Promise<Night> {
    const env = {
      NODE_OPTIONS: `--import=${path.join(import.meta.dirname, 'skewed.mjs')}`,
      CLOCK_SKEWS_MS: JSON.stringify(skewsMs),
    };
    night = await startNight({ seed: 901, tenants: 2, env });
    return night;
  }

  it('one worker ten minutes ahead, the other ten behind: every signature holds, tries and deadlines too', async () => {
    const { submit, submitMany, inbox, app, quiet, check } = await startWrong({
      'worker-1': WRONG_MS,
      'worker-2': -WRONG_MS,
    });
    // Some are tried twice, so that a time that one worker wrote is read by the other.
    inbox.answers.push(500, 500);
    await submitMany(CARDS);
    const { id } = await submit({ client: 0, terms: { expires_in: 300 } });
    expect((await app.finished(id)).state).toBe('succeeded');
    await quiet(RECOVERY_MS);
    expect(await check()).toEqual([]);
    // Both were wrong, and knew it.
    for (const worker of ['worker-1', 'worker-2']) {
      const log = await readFile(path.join(app.dataDir, 'logs', `${worker}.log`), 'utf8');
      expect(log).toContain('clock.corrected');
    }
  });

  it('an API ten minutes ahead makes ids and deadlines that others can live with', async () => {
    const { submit, submitMany, app, quiet, check } = await startWrong({ api: WRONG_MS });
    const startedMs = Date.now();
    const { id } = await submit({ client: 0, terms: { expires_in: 300 } });
    const { state, created_at } = await app.finished(id);
    expect(state).toBe('succeeded');
    expect(Math.abs(Date.parse(created_at) - startedMs)).toBeLessThan(30_000);
    await submitMany(CARDS);
    await quiet(RECOVERY_MS);
    expect(await check()).toEqual([]);
  });
});
