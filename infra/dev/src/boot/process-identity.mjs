/**
 * Tells whether a process seen earlier is still that process: a pid alone may have been given to another one. Plain
 * JavaScript, because it serves before the install and inside the guard process. It only looks, it never signals.
 */
import { readFileSync } from 'node:fs';

/**
 * @param {number} pid
 * @returns {string | null} the kernel's start time in ticks, `''` where the system does not tell, null if it is gone
 *   (a zombie counts as gone: it runs nothing, and in a container nobody may ever reap it)
 */
export function startMark(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : fields[19];
  } catch {
    return process.platform === 'linux' ? null : markWithoutProc(pid);
  }
}

function markWithoutProc(pid) {
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return error.code === 'EPERM' ? '' : null;
  }
}

/**
 * @param {{ pid: number, start: string | null }} seen
 * @returns {boolean} true while the very process that was seen still runs
 */
export function isSameProcess(seen) {
  return seen.start !== null && startMark(seen.pid) === seen.start;
}
