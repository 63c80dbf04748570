/** Reads a file that holds a secret, and refuses one that others on the machine may read. */
import { readFileSync, statSync } from 'node:fs';
import { ConfigurationError } from './environment.ts';

export function readSecretFile(variable: string, path: string): Buffer {
  let mode: number;
  let content: Buffer;
  try {
    mode = statSync(path).mode;
    content = readFileSync(path);
  } catch (error) {
    throw new ConfigurationError([`${variable}: cannot read the file (${(error as NodeJS.ErrnoException).code})`]);
  }
  if ((mode & 0o077) !== 0) throw new ConfigurationError([`${variable}: the file is open to others; chmod 600 it`]);
  return content;
}
