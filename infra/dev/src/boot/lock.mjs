/**
 * A lock file that names its holder. It guards work that two launchers must not do at once: the install, the tests and
 * the use of a data folder. The next launcher takes over the file of a dead holder. `tryLock` never waits and never
 * removes the file of a running holder.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isSameProcess, startMark } from './process-identity.mjs';

/**
 * @param {string} file
 * @returns {{ held: true, note(extra: object): void, release(): void } | { held: false, holder: object }}
 *   `note` adds fields, which other launchers see in `holder`
 */
export function tryLock(file) {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const mine = { pid: process.pid, start: startMark(process.pid) };
  for (;;) {
    if (create(file, mine)) return heldLock(file, mine);
    const text = readText(file);
    if (text === null) continue;
    const holder = parseHolder(text);
    if (isSameProcess(holder) || (holder.guard && isSameProcess(holder.guard))) return { held: false, holder };
    removeStale(file, text);
  }
}

function heldLock(file, mine) {
  return {
    held: true,
    note: (extra) => replace(file, { ...mine, ...extra }),
    release: () => {
      if (parseHolder(readText(file) ?? '').pid === mine.pid) unlinkSync(file);
    },
  };
}

/** Writes a draft and links it into place, so that no reader sees half a file. Returns false if the file exists. */
function create(file, content) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

function replace(file, content) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 });
  renameSync(draft, file);
}

/**
 * Race: two processes find the same stale file, and the slower one may move away the new lock of the faster one. It
 * compares the content with what it read before, and puts a new lock back.
 */
function removeStale(file, staleText) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  try {
    if (readText(aside) !== staleText) linkSync(aside, file);
  } catch {
    // A third process has taken the lock meanwhile. The next round of tryLock reads its name.
  } finally {
    unlinkSync(aside);
  }
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

function parseHolder(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { pid: 0, start: null };
  }
}
