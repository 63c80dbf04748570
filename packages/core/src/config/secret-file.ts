/** Reads a file that holds a secret, and refuses one that others on the machine may read. */
import { readFileSync, type Stats, statSync } from 'node:fs';
import { ConfigurationError } from './environment.ts';

export function readSecretFile(variable: string, path: string): Buffer {
  let stat: Stats;
  let content: Buffer;
  try {
    stat = statSync(path);
    content = readFileSync(path);
  } catch (error) {
    throw new ConfigurationError([`${variable}: cannot read the file (${(error as NodeJS.ErrnoException).code})`]);
  }
  if (isOpenToOthers(stat)) throw new ConfigurationError([`${variable}: the file is open to others; chmod 600 it`]);
  return content;
}

/** An orchestrator's mount belongs to root and is lent to our group; what is our own nobody else needs to read. */
export function isOpenToOthers(
  { mode, uid, gid }: Pick<Stats, 'mode' | 'uid' | 'gid'>,
  us: { uid?: number | undefined; groups?: readonly number[] | undefined } = {
    uid: process.getuid?.(),
    groups: process.getgroups?.(),
  },
): boolean {
  const lent = uid === 0 && us.uid !== 0 && (us.groups ?? []).includes(gid);
  return (mode & (lent ? 0o037 : 0o077)) !== 0;
}
