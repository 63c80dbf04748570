/** The entry point checks its arguments before it does anything else: `--help` starts no process. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const run = (...args: string[]) =>
  spawnSync(process.execPath, [new URL('run.mjs', import.meta.url).pathname, ...args], {
    encoding: 'utf8',
    timeout: 55_000,
  });

it.each(['start', 'dev', 'demo', 'test:s3', 'test', 'bench', 'soak', 'chaos', 'judges', 'cardseal'])(
  '%s --help prints the usage and does nothing else',
  (verb) => {
    const { status, stdout, stderr } = run(verb, '--help');
    expect([status, `${stdout}${stderr}`.slice(0, 6).toLowerCase()]).toEqual([0, 'usage:']);
  },
);

it.each([['demo', 'x'], ['start', '--port', '1'], ['dev', 'api'], ['test', 'no-such-name'], ['what'], []])(
  'exits with 2 and prints the usage for: %s %s',
  (...args) => {
    const { status, stderr } = run(...args);
    expect([status, stderr.includes('usage')]).toEqual([2, true]);
  },
);

it('lists the settings of npm start', () => {
  const { stderr } = run('start', '--help');
  for (const name of ['CARDSEAL_DATA_DIR', 'API_PORT', 'ADMIN_PORT', 'EMULATOR_PORT', 'S3_PORT', 'WORKERS'])
    expect(stderr).toContain(name);
});
