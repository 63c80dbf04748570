/** Gives benches, soak runs and interop programs a `--help`: the comment at the top of the program is its help text. */
import { readFileSync } from 'node:fs';

/** Prints the file comment and exits with 0 when the arguments contain `--help` or `-h`. Otherwise does nothing. */
export function printHelp(programUrl: string, args: readonly string[] = process.argv.slice(2)): void {
  if (!args.includes('--help') && !args.includes('-h')) return;
  const comment = /\/\*\*([\s\S]*?)\*\//.exec(readFileSync(new URL(programUrl), 'utf8'))?.[1] ?? '';
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  console.log(lines.join('\n').trim());
  process.exit(0);
}
