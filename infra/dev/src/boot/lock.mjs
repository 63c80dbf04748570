/**
 * A lock file that names its holder, for work that two launchers must not do at once: the install, and the use of a
 * data folder. A holder that died leaves its file behind; the next one takes it over. It never waits and never
 * removes a living holder's file.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isSameProcess, startMark } from './process-identity.mjs';

/**
 * @param {string} file
 * @returns {{ held: true, note(extra: object): void, release(): void } | { held: false, holder: object }}
 *   `note` adds fields that the next comer may read in `holder`
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

/** Written aside and linked into place, so that nobody ever reads half a file. */
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

/** Two may find the same stale file: the one who moved away a fresh lock by mistake puts it back. */
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
    // Someone else has locked meanwhile; the next round of tryLock reads who.
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
