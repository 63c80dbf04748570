/** The door says what it takes before it does anything: who asks for help gets no stack. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const door = (...args: string[]) =>
  spawnSync(process.execPath, [new URL('run.mjs', import.meta.url).pathname, ...args], {
    encoding: 'utf8',
    timeout: 55_000,
  });

it.each(['start', 'demo', 'test:s3', 'test', 'bench', 'soak', 'chaos', 'judges', 'cardseal'])(
  '%s --help is answered, and nothing else is done',
  (verb) => {
    const { status, stdout, stderr } = door(verb, '--help');
    expect([status, `${stdout}${stderr}`.slice(0, 6).toLowerCase()]).toEqual([0, 'usage:']);
  },
);

it.each([['demo', 'x'], ['start', '--port', '1'], ['test', 'units'], ['what'], []])('misuse is 2: %s', (...args) => {
  const { status, stderr } = door(...args);
  expect([status, stderr.includes('usage')]).toEqual([2, true]);
});
