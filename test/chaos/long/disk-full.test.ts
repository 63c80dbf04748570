/**
 * Fills the disk under the embedded store and Redis. The API accepts nothing that it cannot store, and stored data
 * stays intact.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { plainJpeg } from '../../support/images.ts';
import { ask, jsonBody, startHarness } from '../harness/index.ts';

const SIZE_MB = 48;
const RECOVERY_MS = 60_000;

function mountSmall(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Fills the remaining space to the last page. */
async function fill(file: string): Promise<void> {
  for (const sizeBytes of [2 ** 20, 4096]) {
    for (let full = false; !full; ) {
      await writeFile(file, Buffer.alloc(sizeBytes), { flag: 'a' }).catch(() => {
        full = true;
      });
    }
  }
}

it('a full disk gives 503 until there is space again, and earlier jobs finish', async ({ skip }) => {
  const disk = await mkdtemp(path.join(tmpdir(), 'cardseal-full-'));
  if (!mountSmall(disk)) {
    await rm(disk, { recursive: true });
    skip('mounting a small file system needs root');
  }
  const harness = await startHarness({ seed: 902, dataDir: path.join(disk, 'data') });
  const ballast = path.join(disk, 'ballast');
  try {
    // A quota of 0 keeps the jobs unfinished until the disk is full, so their outcomes find no space.
    await harness.app.control('PUT', { limits: { qps: 0 } });
    await harness.submitMany(10);
    await fill(ballast);
    const front = { image: (await plainJpeg()).toString('base64') };
    const refused = () => ask(harness.app, harness.clients[0]!, 'POST', '/v1/jobs', jsonBody({ front }));
    await harness.during({ kind: 'disk full', cutCalls: 16 }, async () => {
      await harness.app.control('PUT', { limits: { qps: 200 } });
      for (let n = 0; n < 3; n++) expect((await refused()).status).toBe(503);
      await delay(3000);
      await rm(ballast);
    });
    await harness.submitMany(5);
    await harness.settle(RECOVERY_MS);
    expect(await harness.check()).toEqual([]);
  } finally {
    await rm(ballast, { force: true });
    await harness.stop().finally(async () => {
      execFileSync('umount', [disk]);
      await rm(disk, { recursive: true });
    });
  }
});
