/**
 * Runs programs of `test/` by name, each in a separate process. It knows nothing about what they measure.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { runProgram } from './run-program.ts';

export interface Catalogue {
  /** As in `npm run <verb> -- <name>`. */
  verb: string;
  folder: string;
}

const USAGE_ERROR = 2;

/** The names that can be run, each with the first sentence of its file. */
export function listPrograms(folder: string): Map<string, string> {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const programs = files.filter((file) => /^[a-z0-9-]+\.ts$/.test(file)).sort();
  return new Map(programs.map((file) => [file.slice(0, -'.ts'.length), firstSentence(path.join(folder, file))]));
}

function firstSentence(file: string): string {
  const comment = /^\s*\/\*\*([\s\S]*?)\*\//.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  return /^.*?\.(?=\s|$)/.exec(comment.replace(/\s*\n\s*\*?\s*/g, ' ').trim())?.[0] ?? '';
}

function usage({ verb, folder }: Catalogue): string {
  const rows = [...listPrograms(folder)].map(([name, does]) => `  ${name.padEnd(14)} ${does}`);
  return [`usage: npm run ${verb} -- <name> [arguments]`, ...(rows.length > 0 ? rows : ['  (none exist)'])].join('\n');
}

/** Returns the program's exit code; 2 with the list on stderr for an unknown name. */
export async function runNamed(catalogue: Catalogue, args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--help' || name === '-h') {
    console.log(usage(catalogue));
    return 0;
  }
  if (name === undefined || !listPrograms(catalogue.folder).has(name)) {
    console.error(`${name === undefined ? 'no name given' : `unknown name: ${name}`}\n${usage(catalogue)}`);
    return USAGE_ERROR;
  }
  return runProgram(process.execPath, [path.join(catalogue.folder, `${name}.ts`), ...rest]);
}

/** Runs all programs, or the named ones, one after the other, and prints which failed. An empty folder is a failure. */
export async function runEach(catalogue: Catalogue, args: readonly string[]): Promise<number> {
  if (args[0]?.startsWith('-')) return runNamed(catalogue, args);
  const known = [...listPrograms(catalogue.folder).keys()];
  const names = args.length > 0 ? args : known;
  const failed = names.length === 0 ? ['(none exist)'] : [];
  for (const name of names) {
    console.error(`${catalogue.verb}: ${name}`);
    const exitCode = await runNamed(catalogue, [name]).catch((error: Error) => {
      console.error(error);
      return 1;
    });
    if (exitCode !== 0) failed.push(name);
  }
  if (failed.length > 0) console.error(`${catalogue.verb}: failed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}
