import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandKeyWrapperOptions, commandKeyWrapper, type KeyWrapperEvent } from './command-key-wrapper.ts';
import type { KeyWrapper } from './key-wrapper.ts';

/** A child written for each test: `on(id, key)` runs per request, `answer` and `say` write to stdout. */
function childProgram(onRequest: string, atStart = ''): string[] {
  const program = `
    const answer = (id, rest) => process.stdout.write(JSON.stringify({ id, ...rest }) + '\\n');
    const say = (text) => process.stdout.write(text);
    let count = 0;
    ${atStart}
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, key } = JSON.parse(line);
      count++;
      ${onRequest}
    }).on('close', () => process.exit(0));`;
  return ['-e', program];
}

const ECHO = `answer(id, { enc_aes_key: 'wrapped:' + key });`;
/** `first` is true in the first child of a test only. */
const FIRST = `const first = !require('node:fs').existsSync(process.argv[1]); require('node:fs').writeFileSync(process.argv[1], '');`;
const wrappers: KeyWrapper[] = [];
let flag = '';

beforeEach(() => {
  flag = join(tmpdir(), `cardseal-${randomBytes(8).toString('hex')}`);
});

function start(args: string[], options: Partial<CommandKeyWrapperOptions> = {}) {
  const events: KeyWrapperEvent[] = [];
  const waiting: { kind: string; resolve: (event: KeyWrapperEvent) => void }[] = [];
  const onEvent = (event: KeyWrapperEvent) => {
    events.push(event);
    for (const waiter of waiting.filter(({ kind }) => kind === event.kind)) waiter.resolve(event);
  };
  const next = (kind: KeyWrapperEvent['kind']) =>
    new Promise<KeyWrapperEvent>((resolve) => waiting.push({ kind, resolve }));
  const wrapper = commandKeyWrapper({
    command: process.execPath,
    args,
    restartMs: 5,
    stopGraceMs: 100,
    onEvent,
    ...options,
  });
  wrappers.push(wrapper);
  return { wrapper, events, next };
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const pidOf = (events: KeyWrapperEvent[]) => events.flatMap((event) => (event.kind === 'started' ? [event.pid] : []));

afterEach(async () => {
  await Promise.all(wrappers.splice(0).map((wrapper) => wrapper.stop()));
  await rm(flag, { force: true });
});

describe('the command key wrapper', () => {
  it('sends the key and returns the reply, with one child for many requests', async () => {
    const { wrapper, events } = start(childProgram(ECHO));
    const keys = Array.from({ length: 40 }, () => randomBytes(16));
    const wrapped = await Promise.all(keys.map((key) => wrapper.wrap(key)));
    expect(wrapped).toEqual(keys.map((key) => `wrapped:${key.toString('base64')}`));
    expect(pidOf(events)).toHaveLength(1);
  });

  it('has no more in flight than allowed, and takes answers in any order', async () => {
    const hold = `held.push(id); if (held.length === 3 || count > 9) for (const i of held.splice(0).reverse()) answer(i, { enc_aes_key: 'at' + held.length + ':' + i });`;
    const { wrapper } = start(childProgram(hold, 'const held = [];'), { maxInFlight: 3 });
    const wrapped = await Promise.all(Array.from({ length: 9 }, () => wrapper.wrap(randomBytes(16))));
    expect(wrapped).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => `at0:${id}`));
  });

  it('refuses what does not fit the queue', async () => {
    const { wrapper } = start(childProgram(''), { maxInFlight: 1, maxQueue: 2, deadlineMs: 60_000 });
    const accepted = [1, 2, 3].map(() => wrapper.wrap(randomBytes(16)));
    await expect(wrapper.wrap(randomBytes(16))).rejects.toMatchObject({
      code: 'key_wrapper_busy',
      disposition: 'transient',
    });
    const ends = Promise.allSettled(accepted);
    await wrapper.stop();
    expect((await ends).map((end) => end.status === 'rejected' && end.reason.code)).toEqual(
      Array(3).fill('key_wrapper_stopped'),
    );
  });

  it('restarts a child that died, and repeats the waiting requests', async () => {
    const { wrapper, events } = start([...childProgram(`if (first) process.exit(3); ${ECHO}`, FIRST), flag]);
    await expect(wrapper.wrap(Buffer.from('k'))).resolves.toBe('wrapped:aw==');
    expect(pidOf(events)).toHaveLength(2);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'exited', exitCode: 3 }));
  });

  it('gives up on a request that kills every child, with growing pauses between the starts', async () => {
    const { wrapper, events } = start(childProgram('process.exit(1);'));
    await expect(wrapper.wrap(Buffer.from('k'))).rejects.toMatchObject({ code: 'key_wrapper_died' });
    await expect(wrapper.wrap(Buffer.from('k'))).rejects.toMatchObject({ code: 'key_wrapper_died' });
    const pauses = events.flatMap((event) => (event.kind === 'restart_in' ? [event.delayMs] : []));
    expect(pauses.slice(0, 4)).toEqual([5, 10, 20, 40]);
  });

  it('fails soon, and says why in an event, when the program does not exist', async () => {
    const { wrapper, events } = start([], { command: '/nonexistent/program' });
    await expect(wrapper.wrap(Buffer.from('k'))).rejects.toMatchObject({ code: 'key_wrapper_died' });
    expect(events).toContainEqual(expect.objectContaining({ kind: 'exited', failure: 'ENOENT' }));
  });

  it('kills a child that hangs for a whole deadline, and works again with the next', async () => {
    const { wrapper, next } = start([...childProgram(`if (!first) { ${ECHO} }`, FIRST), flag], { deadlineMs: 300 });
    const exited = next('exited');
    await expect(wrapper.wrap(Buffer.from('k'))).rejects.toMatchObject({ code: 'key_wrapper_timeout' });
    expect(await exited).toMatchObject({ signal: 'SIGKILL' });
    await expect(wrapper.wrap(Buffer.from('k'))).resolves.toBe('wrapped:aw==');
  });

  it('passes on only the code of a refusal', async () => {
    const { wrapper } = start(childProgram(`answer(id, { error: count === 1 ? 'bad_key' : 'secret text ' + key });`));
    await expect(wrapper.wrap(Buffer.from('k'))).rejects.toMatchObject({
      code: 'key_wrapper_refused',
      fields: { wrapperCode: 'bad_key' },
    });
    await expect(wrapper.wrap(Buffer.from('k'))).rejects.toMatchObject({ fields: { wrapperCode: 'other' } });
  });

  it('counts stderr and stray lines and keeps neither', async () => {
    const { wrapper, events } = start(
      childProgram(`say('hello\\n[]\\nnull\\n{"id":"x"}\\n'); process.stderr.write('secret', () => { ${ECHO} });`),
    );
    await wrapper.wrap(Buffer.from('k'));
    await wrapper.wrap(Buffer.from('k'));
    expect(events).toContainEqual({ kind: 'stderr', bytes: 6 });
    expect(events.filter((event) => event.kind === 'stray_line').length).toBeGreaterThanOrEqual(4);
    expect(JSON.stringify(events)).not.toMatch(/secret|hello/);
  });

  it.each(['answer(id, {});', `answer(id, { enc_aes_key: '' });`, `answer(id, { enc_aes_key: 'x'.repeat(9000) });`])(
    'a reply without a usable value is a defect: %s',
    async (answer) => {
      const { wrapper } = start(childProgram(answer));
      await expect(wrapper.wrap(Buffer.from('k'))).rejects.toMatchObject({ code: 'key_wrapper_answer_invalid' });
    },
  );

  it('kills a child whose line never ends', async () => {
    const { wrapper, next } = start(childProgram(`say('x'.repeat(200_000));`));
    const tooLong = next('line_too_long');
    await expect(wrapper.wrap(Buffer.from('k'))).rejects.toMatchObject({ code: 'key_wrapper_died' });
    await tooLong;
  });

  it('lets a caller abort, before and during', async () => {
    const { wrapper, next } = start(childProgram(''));
    await expect(wrapper.wrap(Buffer.from('k'), AbortSignal.abort(new Error('early')))).rejects.toThrow('early');
    const controller = new AbortController();
    const started = next('started');
    const wrapping = wrapper.wrap(Buffer.from('k'), controller.signal);
    await started;
    controller.abort(new Error('late'));
    await expect(wrapping).rejects.toThrow('late');
  });

  it('ends the child at stop, also one that ignores SIGTERM and the end of its input', async () => {
    const { wrapper, events } = start([
      '-e',
      `process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); process.stdin.on('data', (d) => process.stdout.write(JSON.stringify({ id: JSON.parse(d).id, enc_aes_key: 'x' }) + '\\n'));`,
    ]);
    await wrapper.wrap(Buffer.from('k'));
    const [pid] = pidOf(events);
    expect(isAlive(pid!)).toBe(true);
    await wrapper.stop();
    await wrapper.stop();
    expect(isAlive(pid!)).toBe(false);
    await expect(wrapper.wrap(Buffer.from('k'))).rejects.toMatchObject({ code: 'key_wrapper_stopped' });
  });
});
