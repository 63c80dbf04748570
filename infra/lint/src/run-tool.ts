/** Runs a program of node_modules/.bin in the repository with the Node that runs this process. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { REPOSITORY } from './repository.ts';

export interface ToolResult {
  /** 1 also when the program was ended by a signal. */
  readonly exitCode: number;
  /** stdout and stderr in the order in which they were written. */
  readonly output: string;
}

export async function runTool(program: string, args: readonly string[]): Promise<ToolResult> {
  const bin = path.join(REPOSITORY, 'node_modules/.bin', program);
  const env = { ...process.env, PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH ?? ''}` };
  const child = spawn(bin, [...args], { cwd: REPOSITORY, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ exitCode: code ?? 1, output }));
  });
}
