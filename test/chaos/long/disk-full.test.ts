/** The disk fills under the embedded store and Redis: nothing is accepted that cannot be kept, and nothing kept is hurt. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { plainJpeg } from '../../support/images.ts';
import { ask, jsonBody, startNight } from '../harness/index.ts';

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

/** Takes what is left, to the last page. */
async function fill(file: string): Promise<void> {
  for (const sizeBytes of [2 ** 20, 4096]) {
    for (let full = false; !full; ) {
      await writeFile(file, Buffer.alloc(sizeBytes), { flag: 'a' }).catch(() => {
        full = true;
      });
    }
  }
}

it('a full disk is 503 until there is room, and what was accepted before ends well', async ({ skip }) => {
  const disk = await mkdtemp(path.join(tmpdir(), 'cardseal-full-'));
  if (!mountSmall(disk)) {
    await rm(disk, { recursive: true });
    skip('mounting a small file system needs root');
  }
  const night = await startNight({ seed: 902, dataDir: path.join(disk, 'data') });
  const ballast = path.join(disk, 'ballast');
  try {
    // They wait at the limit, so that they are unfinished when there is no room for what they become.
    await night.app.control('PUT', { limits: { qps: 0 } });
    await night.submitMany(10);
    await fill(ballast);
    const front = { image: (await plainJpeg()).toString('base64') };
    const refused = () => ask(night.app, night.clients[0]!, 'POST', '/v1/jobs', jsonBody({ front }));
    await night.during({ kind: 'disk full', wires: 16 }, async () => {
      await night.app.control('PUT', { limits: { qps: 200 } });
      for (let n = 0; n < 3; n++) expect((await refused()).status).toBe(503);
      await delay(3000);
      await rm(ballast);
    });
    await night.submitMany(5);
    await night.quiet(RECOVERY_MS);
    expect(await night.check()).toEqual([]);
  } finally {
    await rm(ballast, { force: true });
    await night.stop().finally(async () => {
      execFileSync('umount', [disk]);
      await rm(disk, { recursive: true });
    });
  }
});
