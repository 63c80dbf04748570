/**
 * Failpoints: named places between two steps at which a test can kill, stop or fail the process. They are off unless
 * armed with a folder, which no production configuration accepts. A file with the name of a failpoint contains the
 * action. The process that deletes the file performs the action, once. An unarmed failpoint only reads a variable.
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

/** `stop` suspends the process until SIGCONT. `hang` blocks one caller for ever and no other. */
export type FailpointAction = 'kill' | 'throw' | 'stop' | 'hang';

let folder: string | null = null;

/** Arms all failpoints of the process; null disarms them. */
export function armFailpoints(directory: string | null): void {
  folder = directory;
}

/** Throws TransientError `failpoint` if that is the action. */
export async function failpoint(name: Failpoint): Promise<void> {
  if (folder === null) return;
  const action = take(path.join(folder, name));
  if (action === null) return;
  if (action === 'throw') throw new TransientError('failpoint', { fields: { name } });
  if (action === 'hang') return new Promise(() => {});
  process.kill(process.pid, action === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  // The signal arrives a moment later. Nothing may run until then.
  if (action === 'kill') await new Promise(() => {});
}

/** Never released, as in a memory leak. */
const hoard: unknown[] = [];
const MIB = 2 ** 20;

/**
 * Acts on every process that works on this image. The file `picture.<sha256>` contains the action and is not deleted:
 * `kill` ends the process, `block <ms>` blocks the event loop, `hoard <MiB>` fills the heap.
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

/** Race: of several callers, only the one that deletes the file gets the action. */
function take(file: string): string | null {
  try {
    const action = readFileSync(file, 'utf8').trim();
    unlinkSync(file);
    return action;
  } catch {
    return null;
  }
}
