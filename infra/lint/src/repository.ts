/** The files that the checks read: what git tracks, and new files that it does not ignore. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const MAX_LISTING_BYTES = 64 * 1024 * 1024;

/** The root of this checkout. */
export const REPOSITORY = path.resolve(import.meta.dirname, '../../..');

/**
 * Paths relative to `root`, sorted, below `paths` (default: all).
 * Throws outside a git checkout: without git's list the checks cannot tell sources from generated files.
 */
export function listFiles(root: string, paths: readonly string[] = []): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...paths];
  const listing = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: MAX_LISTING_BYTES });
  const files = listing.split('\0').filter((file) => file !== '' && existsSync(path.join(root, file)));
  return [...new Set(files)].sort();
}

/** A source to check, with its path relative to the repository. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

export function readSource(root: string, file: string): SourceFile {
  return { file, text: readFileSync(path.join(root, file), 'utf8') };
}
