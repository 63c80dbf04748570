import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { armFailpoints, FAILPOINTS, failpoint } from './index.ts';

describe('failpoints', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'failpoints-'));
  afterEach(() => armFailpoints(null));

  it('do nothing unless armed, and nothing without a file of their name', async () => {
    writeFileSync(path.join(folder, 'submit.marked'), 'throw');
    await failpoint('submit.marked');
    armFailpoints(folder);
    await failpoint('submit.sealed');
    expect(readdirSync(folder)).toEqual(['submit.marked']);
  });

  it('act once for callers at the same time', async () => {
    armFailpoints(folder);
    const runs = await Promise.allSettled([1, 2, 3].map(() => failpoint('submit.marked')));
    expect(runs.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    rmSync(folder, { recursive: true });
  });

  it('block one caller with `hang`, and no later caller', async () => {
    const own = mkdtempSync(path.join(tmpdir(), 'failpoints-'));
    writeFileSync(path.join(own, 'submit.sealed'), 'hang');
    armFailpoints(own);
    const held = failpoint('submit.sealed').then(() => 'went on');
    expect(await Promise.race([held, failpoint('submit.sealed').then(() => 'passed')])).toBe('passed');
    rmSync(own, { recursive: true });
  });

  it('have names that are unique', () => {
    expect(new Set(FAILPOINTS).size).toBe(FAILPOINTS.length);
  });
});
