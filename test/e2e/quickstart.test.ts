/** Runs the quickstart as a new user does: `npm start`, then every command of the page, unchanged. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, ROOT } from '../support/pages/blocks.ts';

const [start, ...commands] = blocksOf('docs/use/quickstart.md', 'sh').map(({ text }) => text);
const PORTS = { API_PORT: '0', ADMIN_PORT: '0', EMULATOR_PORT: '0', S3_PORT: '0' };

describe('docs/use/quickstart.md', () => {
  let dataDir: string;
  let launcher: ChildProcess;
  let said = '';
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'cardseal-quickstart-'));
    // Free ports and a separate folder: a developer's stack may run at the same time. A process group, as in a terminal.
    const { REDIS_URL: _, ...env } = process.env;
    const options = { cwd: ROOT, detached: true, env: { ...env, ...PORTS, CARDSEAL_DATA_DIR: dataDir } };
    launcher = spawn('sh', ['-euc', start!], { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
    const ready = Promise.withResolvers<void>();
    launcher.stdout!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('cardseal is ready')) ready.resolve();
    });
    launcher.once('exit', (code) => ready.reject(new Error(`ended with ${code}: ${said}`)));
    await ready.promise;
  });
  afterAll(async () => {
    if (launcher?.exitCode === null && launcher.signalCode === null) {
      process.kill(-launcher.pid!, 'SIGKILL');
      await once(launcher, 'exit');
    }
    await rm(dataDir, { recursive: true, force: true });
  });

  it('works as it is written, from the first command to the last', async () => {
    expect(start).toBe('npm start');
    const mark = '--- next ---';
    const script = commands
      .join(`\necho '${mark}'\n`)
      .replaceAll('./.cardseal/dev.json', path.join(dataDir, 'dev.json'));
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: ROOT,
      timeout: 90_000,
      maxBuffer: 16 * 1024 * 1024,
    });
    const outputs = stdout.split(`${mark}\n`);
    expect(outputs).toHaveLength(commands.length);
    const outputOf = (text: string) => outputs[commands.findIndex((command) => command.includes(text))]!;

    expect(JSON.parse(outputOf('prefer: wait=30'))).toMatchObject({ state: 'succeeded', result: { verdict: 'clear' } });
    const [polled = '', ...rest] = outputOf('/events').split(/(?<=\})(?=event:)/);
    const job = JSON.parse(polled);
    expect(job).toMatchObject({ state: 'succeeded', reference: 'application-4711' });
    expect(rest.join('')).toContain('event: state\ndata: ');
    expect(rest.join('')).toContain('"next_cursor":null');
    expect(JSON.parse(outputOf('-X DELETE'))).toMatchObject({ id: job.id, state: 'erased' });
    expect(JSON.parse(outputOf('submit.ts'))).toMatchObject({ state: 'succeeded', verdict: 'clear' });
    // Two that were submitted, and four in the list: these, the client's and the first; the second is erased.
    expect(outputOf('submit "$CARDS"').match(/succeeded {2}clear/g)).toHaveLength(6);
    expect(outputOf('submit "$CARDS"')).toMatch(/^job .*state .*verdict/);
    expect(JSON.parse(outputOf('echo hello'))).toMatchObject({ code: 'image_unusable' });
  });

  it('ends on Ctrl-C', async () => {
    const ended = once(launcher, 'exit');
    process.kill(-launcher.pid!, 'SIGINT');
    await ended;
    expect(said).toMatch(/stopped\n$/);
  });
});
