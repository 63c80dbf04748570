import { expect, it } from 'vitest';
import { createStallDetector } from './stall-detector.ts';

function watch() {
  let nowMs = 0;
  const detector = createStallDetector({ forMs: 1000, nowMs: () => nowMs });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  /** @param takesMs duration of the read. It returns the state at its start. */
  const see = async (name: string, mark: string | null, takesMs = 0) => {
    const read = async () => {
      pass(takesMs);
      return mark;
    };
    return (await detector.check(name, read, (seen) => seen))?.stopped ?? null;
  };
  return { detector, pass, see };
}

it('reports an entry as stopped only after it was unchanged for the whole time', async () => {
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

it('starts again for an entry that was absent or was acted on', async () => {
  const { detector, pass, see } = watch();
  await see('a', '1');
  pass(1000);
  expect(await see('a', null)).toBeNull();
  expect(await see('a', '1')).toBe(false);
  pass(1000);
  detector.forget('a');
  expect(await see('a', '1')).toBe(false);
});

it('does not count the duration of reads', async () => {
  const { pass, see } = watch();
  await see('a', '1', 600);
  pass(600);
  expect(await see('a', '1', 600)).toBe(false);
  expect(await see('a', '1')).toBe(true);
});

it('watches ten thousand entries to the end, then the others', async () => {
  const { detector, pass, see } = watch();
  const names = Array.from({ length: 10_001 }, (_, at) => `n${at}`);
  const scan = async () => {
    const stopped: string[] = [];
    for (const name of names) if (await see(name, '1')) stopped.push(name);
    pass(500);
    return stopped;
  };
  expect([await scan(), await scan()]).toEqual([[], []]);
  expect(await scan()).toEqual(names.slice(0, -1));
  // After the first entry is removed, the last one is watched.
  detector.forget(names.shift()!);
  await scan();
  await scan();
  expect((await scan()).at(-1)).toBe('n10000');
});

it('evicts entries that no caller reads any more', async () => {
  const { pass, see } = watch();
  for (let at = 0; at < 10_000; at++) await see(`n${at}`, '1');
  pass(1500);
  await see('new', '1');
  pass(1000);
  expect(await see('new', '1')).toBe(false);
  pass(1000);
  expect(await see('new', '1')).toBe(true);
});
