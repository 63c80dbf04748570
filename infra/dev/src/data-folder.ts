/**
 * Takes a data folder for one launcher: a second one is refused by name, and the successor of a killed one waits until
 * the guard has ended what that one left running, because two Redis servers on one folder would ruin it.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type HeldLock, tryLock } from './boot/lock.mjs';
import { isSameProcess } from './boot/process-identity.mjs';
import { removeDevInfo } from './dev-info.ts';

const LOOK_EVERY_MS = 50;

/** Throws with the pid of the launcher that uses the folder. `log` tells why it waits, if it does. */
export async function takeDataFolder(dataDir: string, log: (line: string) => void): Promise<HeldLock> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = path.join(dataDir, 'launcher.lock');
  for (let told = false; ; told = true) {
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
    if (!told) log('the last launcher was killed: waiting until its guard has ended what it left running');
    await delay(LOOK_EVERY_MS);
  }
}
