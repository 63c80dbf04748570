/**
 * Reserves a data folder for one launcher. A second launcher gets an error that names the first. After a launcher was
 * killed, the next one waits until the orphan reaper has stopped its children: two Redis servers would ruin the folder.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type HeldLock, tryLock } from './boot/lock.mjs';
import { isSameProcess } from './boot/process-identity.mjs';
import { removeDevInfo } from './dev-info.ts';

const POLL_MS = 50;

/** Throws with the pid of the launcher that uses the folder. `log` gets the reason of a wait. */
export async function takeDataFolder(dataDir: string, log: (line: string) => void): Promise<HeldLock> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = path.join(dataDir, 'launcher.lock');
  for (let logged = false; ; logged = true) {
    const lock = tryLock(file);
    if (lock.held) {
      removeDevInfo(dataDir);
      return lock;
    }
    if (isSameProcess(lock.holder)) {
      throw new Error(
        `${dataDir} is in use by process ${lock.holder.pid}: stop that one, or set CARDSEAL_DATA_DIR to another folder`,
      );
    }
    if (!logged) log('the last launcher was killed: waiting until its processes have stopped');
    await delay(POLL_MS);
  }
}
