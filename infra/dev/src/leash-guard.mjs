/**
 * The guard process at the other end of the leash. It reads JSON lines from the launcher, and when the pipe ends,
 * however the launcher died, it ends every process it was told of and all that carry the leash's mark in their
 * environment, removes the files it was told to, and then ends itself. It never touches any other process.
 *
 * Arguments: mark, graceMs. Lines: {"hold":{pid,start}} {"release":pid} {"erase":path} {"keep":path}
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { isSameProcess, startMark } from './boot/process-identity.mjs';

const LOOK_EVERY_MS = 20;
const AFTER_KILL_MS = 5_000;
const [mark, graceText] = process.argv.slice(2);
const held = new Map();
const erasable = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { hold, release, erase, keep } = JSON.parse(line);
  if (hold) held.set(hold.pid, hold);
  if (release) held.delete(release);
  if (erase) erasable.add(erase);
  if (keep) erasable.delete(keep);
});
lines.once('close', () => endAll().finally(() => process.exit(0)));

async function endAll() {
  for (const { pid } of alive()) signalOne(pid, 'SIGTERM');
  await until(() => alive().length === 0, Number(graceText));
  for (const { pid } of alive()) signalOne(-pid, 'SIGKILL');
  // Repeated: what is being killed may have started another one meanwhile.
  await until(() => {
    const rest = [...alive(), ...marked()];
    for (const { pid } of rest) signalOne(pid, 'SIGKILL');
    return rest.length === 0;
  }, AFTER_KILL_MS);
  for (const file of erasable) rmSync(file, { recursive: true, force: true });
}

function alive() {
  return [...held.values()].filter(isSameProcess);
}

/** Processes that the launcher had no time to name, and grandchildren: they inherit the mark. Linux only. */
function marked() {
  const found = [];
  for (const name of procNames()) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || startMark(pid) === null) continue;
    if (readEnvironment(pid).includes(mark)) found.push({ pid });
  }
  return found;
}

function procNames() {
  try {
    return readdirSync('/proc');
  } catch {
    return [];
  }
}

function readEnvironment(pid) {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return [];
  }
}

function signalOne(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself between the look and the signal.
  }
}

async function until(done, timeoutMs) {
  for (const end = Date.now() + timeoutMs; !done() && Date.now() < end; ) await delay(LOOK_EVERY_MS);
}
