/** Reads a file that holds a secret, and refuses one that others on the machine may read. */
import { readFileSync, type Stats, statSync } from 'node:fs';
import { ConfigurationError } from './environment.ts';

/** @throws ConfigurationError that names the variable, the file and the cause. */
export function readSecretFile(variable: string, path: string): Buffer {
  const { stat, content } = readWithStat(variable, path);
  if (isOpenToOthers(stat)) {
    throw new ConfigurationError([`${variable}: others on this machine can read the file ${path}; chmod 600 it`]);
  }
  return content;
}

/** Like `readSecretFile`, for a file without a secret. */
export function readFileOf(variable: string, path: string): Buffer {
  return readWithStat(variable, path).content;
}

const CAUSES: Record<string, string> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a folder',
};

function readWithStat(variable: string, path: string): { stat: Stats; content: Buffer } {
  try {
    return { stat: statSync(path), content: readFileSync(path) };
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code);
    throw new ConfigurationError([`${variable}: the file ${path} ${CAUSES[code] ?? `cannot be read (${code})`}`]);
  }
}

/** A file that an orchestrator mounts belongs to root and may be readable by the group of the process. Any other file may be readable by its owner only. */
export function isOpenToOthers(
  { mode, uid, gid }: Pick<Stats, 'mode' | 'uid' | 'gid'>,
  us: { uid?: number | undefined; groups?: readonly number[] | undefined } = {
    uid: process.getuid?.(),
    groups: process.getgroups?.(),
  },
): boolean {
  const isMounted = uid === 0 && us.uid !== 0 && (us.groups ?? []).includes(gid);
  return (mode & (isMounted ? 0o037 : 0o077)) !== 0;
}
