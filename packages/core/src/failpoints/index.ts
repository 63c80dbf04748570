/**
 * Failpoints: named places between two steps at which a test can kill, stop or fail the process. Off unless armed with
 * a folder, which no production configuration accepts; a file of a failpoint's name in it holds what is to happen, and
 * whoever takes the file away does it, once. An unarmed one is a look at a variable.
 */
import { createHash } from 'node:crypto';
import { readFileSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { TransientError } from '@cardseal/base/errors';

export const FAILPOINTS = [
  'submit.marked',
  'submit.sealed',
  'submit.committed',
  'submit.enqueued',
  'recognize.opened',
  'recognize.fetched',
  'recognize.encrypted',
  'recognize.called',
  'recognize.saved',
  'recognize.concluded',
  'announce.owed',
  'announce.queued',
  'announce.removed',
  'announce.closed',
  'deliver.answered',
  'deliver.recorded',
  'deliver.settled',
  'erase.marked',
  'erase.declared',
  'erase.removed',
  'erase.told',
] as const;
export type Failpoint = (typeof FAILPOINTS)[number];

/** `stop` stops the whole process until it is told to go on; `hang` holds who came here for good, and nobody else. */
export type FailpointAction = 'kill' | 'throw' | 'stop' | 'hang';

let folder: string | null = null;

/** For the whole process; null disarms. */
export function armFailpoints(directory: string | null): void {
  folder = directory;
}

/** Throws TransientError `failpoint` when told to. */
export async function failpoint(name: Failpoint): Promise<void> {
  if (folder === null) return;
  const action = take(path.join(folder, name));
  if (action === null) return;
  if (action === 'throw') throw new TransientError('failpoint', { fields: { name } });
  if (action === 'hang') return new Promise(() => {});
  process.kill(process.pid, action === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  // The signal is on its way: nothing further may run before it is there.
  if (action === 'kill') await new Promise(() => {});
}

/** Held for good, as by a leak. */
const hoard: unknown[] = [];
const MIB = 2 ** 20;

/**
 * Acts on whoever takes a picture in hand: the file `picture.<sha256>` says how, and stays. `kill` ends the process,
 * `block <ms>` holds the event loop, `hoard <MiB>` fills the heap.
 */
export function pictureFailpoint(picture: Uint8Array): void {
  if (folder === null) return;
  const sha256 = createHash('sha256').update(picture).digest('hex');
  const [action, amount] = (read(path.join(folder, `picture.${sha256}`)) ?? '').split(' ');
  if (action === 'kill') process.kill(process.pid, 'SIGKILL');
  if (action === 'block') for (const endMs = performance.now() + Number(amount); performance.now() < endMs; );
  if (action === 'hoard')
    for (let left = Number(amount); left > 0; left--) hoard.push(new Array(MIB / 8).fill(left + 0.5));
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}

/** Of several that come at once, the one that removes the file acts. */
function take(file: string): string | null {
  try {
    const action = readFileSync(file, 'utf8').trim();
    unlinkSync(file);
    return action;
  } catch {
    return null;
  }
}
