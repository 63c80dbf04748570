/**
 * The orphan reaper process. It reads JSON lines from the launcher on stdin. When stdin closes, for whatever reason the
 * launcher died, it stops every tracked process and every process whose environment contains the launcher's mark,
 * removes the tracked files, and exits. It must never signal any other process.
 *
 * Arguments: mark, graceMs. Lines: {"track":{pid,start}} {"untrack":pid} {"trackFile":path}
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { isSameProcess, startMark } from './boot/process-identity.mjs';

const POLL_MS = 20;
const AFTER_KILL_MS = 5_000;
const [mark, graceText] = process.argv.slice(2);
const tracked = new Map();
const files = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { track, untrack, trackFile } = JSON.parse(line);
  if (track) tracked.set(track.pid, track);
  if (untrack) tracked.delete(untrack);
  if (trackFile) files.add(trackFile);
});
lines.once('close', () => stopAll().finally(() => process.exit(0)));

async function stopAll() {
  for (const { pid } of alive()) signalOne(pid, 'SIGTERM');
  await until(() => alive().length === 0, Number(graceText));
  for (const { pid } of alive()) signalOne(-pid, 'SIGKILL');
  // Repeat the search: a process may start another one before the signal reaches it.
  await until(() => {
    const rest = [...alive(), ...marked()];
    for (const { pid } of rest) signalOne(pid, 'SIGKILL');
    return rest.length === 0;
  }, AFTER_KILL_MS);
  for (const file of files) rmSync(file, { recursive: true, force: true });
}

function alive() {
  return [...tracked.values()].filter(isSameProcess);
}

/** Children that the launcher could not report before it died, and grandchildren: they inherit the mark. Linux only. */
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
    // The process exited between the check and the signal.
  }
}

async function until(done, timeoutMs) {
  for (const end = Date.now() + timeoutMs; !done() && Date.now() < end; ) await delay(POLL_MS);
}
