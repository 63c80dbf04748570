/** A shell as operators have it: `cardseal` on the path and the documented settings. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CommandResult } from './command-line.ts';
import type { TestStack } from './stack.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CLI = path.join(ROOT, 'apps/cli/src/main.ts');

export interface OperatorShell {
  /** The default working folder of the commands; they may write there. */
  folder: string;
  /** Tests may add variables. */
  env: NodeJS.ProcessEnv;
  /** Runs the lines until one fails. */
  run(commands: string, options?: { input?: string; cwd?: string; env?: NodeJS.ProcessEnv }): Promise<CommandResult>;
}

export async function openShell(app: TestStack): Promise<OperatorShell> {
  const folder = path.join(app.dataDir, 'operator');
  const bin = path.join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  const program = (name: string, lines: string) =>
    writeFile(path.join(bin, name), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  await program('cardseal', `exec "${process.execPath}" "${CLI}" "$@"`);
  // Without `-e`, redis-cli exits with 0 even when Redis refused the command.
  await program('redis-cli', `PATH="${process.env.PATH}"; exec redis-cli -e "$@"`);
  const { info } = app.stack;
  const env: NodeJS.ProcessEnv = {
    ...app.stack.env,
    PATH: `${bin}:${process.env.PATH}`,
    CARDSEAL_URL: info.apiUrl,
    CARDSEAL_API_KEY: info.apiKey,
    API_URL: info.apiUrl,
    API_KEY: info.apiKey,
    ADMIN_URL: info.adminUrl,
    ADMIN_USER: info.admin.user,
    ADMIN_PASSWORD: info.admin.password,
    JAR: path.join(folder, 'cookies'),
    TENANT: info.tenant,
    CREDENTIAL: info.credentials[0]!.id,
  };
  return {
    folder,
    env,
    run: (commands, { input = '', ...other } = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn('sh', ['-euc', commands], { cwd: folder, env, ...other });
        const said = { stdout: '', stderr: '' };
        for (const stream of ['stdout', 'stderr'] as const) {
          child[stream].setEncoding('utf8').on('data', (text: string) => {
            said[stream] += text;
          });
        }
        // A command that reads no stdin may exit before the write.
        child.stdin.on('error', () => {});
        child.stdin.end(input);
        child.once('error', reject);
        child.once('close', (code) => resolve({ ...said, exitCode: code ?? -1 }));
      }),
  };
}
