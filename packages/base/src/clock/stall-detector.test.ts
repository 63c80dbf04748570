import { expect, it } from 'vitest';
import { createStallDetector } from './stall-detector.ts';

function watch() {
  let nowMs = 0;
  const standstill = createStallDetector({ forMs: 1000, nowMs: () => nowMs });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  /** @param takesMs until the answer is there; what it says is of the moment in which it was asked for. */
  const see = async (name: string, mark: string | null, takesMs = 0) => {
    const look = async () => {
      pass(takesMs);
      return mark;
    };
    return (await standstill.look(name, look, (seen) => seen))?.stopped ?? null;
  };
  return { standstill, pass, see };
}

it('takes for stopped what was the same for long, and nothing else', async () => {
  const { pass, see } = watch();
  expect(await see('a', '1')).toBe(false);
  pass(999);
  expect(await see('a', '1')).toBe(false);
  pass(1);
  expect(await see('a', '1')).toBe(true);
  expect(await see('a', '2')).toBe(false);
  pass(1000);
  expect(await see('b', '2')).toBe(false);
  expect(await see('a', '2')).toBe(true);
});

it('begins anew with what was gone, or was acted on', async () => {
  const { standstill, pass, see } = watch();
  await see('a', '1');
  pass(1000);
  expect(await see('a', null)).toBeNull();
  expect(await see('a', '1')).toBe(false);
  pass(1000);
  standstill.forget('a');
  expect(await see('a', '1')).toBe(false);
});

it('does not count the time that answers take', async () => {
  const { pass, see } = watch();
  await see('a', '1', 600);
  pass(600);
  expect(await see('a', '1', 600)).toBe(false);
  expect(await see('a', '1')).toBe(true);
});

it('sees ten thousand through however many there are, then the others', async () => {
  const { standstill, pass, see } = watch();
  const names = Array.from({ length: 10_001 }, (_, at) => `n${at}`);
  const walk = async () => {
    const stopped: string[] = [];
    for (const name of names) if (await see(name, '1')) stopped.push(name);
    pass(500);
    return stopped;
  };
  expect([await walk(), await walk()]).toEqual([[], []]);
  expect(await walk()).toEqual(names.slice(0, -1));
  // One is acted upon, and goes: the last one has its turn.
  standstill.forget(names.shift()!);
  await walk();
  await walk();
  expect((await walk()).at(-1)).toBe('n10000');
});

it('makes room of what nobody looks at any more', async () => {
  const { pass, see } = watch();
  for (let at = 0; at < 10_000; at++) await see(`n${at}`, '1');
  pass(1500);
  await see('new', '1');
  pass(1000);
  expect(await see('new', '1')).toBe(false);
  pass(1000);
  expect(await see('new', '1')).toBe(true);
});
