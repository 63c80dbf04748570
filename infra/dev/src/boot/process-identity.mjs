/**
 * Checks whether a process seen earlier is still the same process. A pid alone is not enough, because the system reuses
 * pids. Plain JavaScript, because it runs before the install and in the orphan reaper. It never sends a signal.
 */
import { readFileSync } from 'node:fs';

/**
 * @param {number} pid
 * @returns {string | null} the start time in kernel ticks, `''` on systems without /proc, null if the process is gone.
 *   A zombie counts as gone: it runs no code, and a container without an init process never removes it.
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
 * @returns {boolean} true while that process is still running
 */
export function isSameProcess(seen) {
  return seen.start !== null && startMark(seen.pid) === seen.start;
}
