import { expect, it } from 'vitest';
import { createStandstill } from './standstill.ts';

function watch() {
  let nowMs = 0;
  const standstill = createStandstill({ forMs: 1000, nowMs: () => nowMs });
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

it('remembers ten thousand, and looks at what it forgot for longer', async () => {
  const { pass, see } = watch();
  for (let at = 0; at <= 10_000; at++) await see(`n${at}`, '1');
  pass(1000);
  expect(await see('n1', '1')).toBe(true);
  expect(await see('n0', '1')).toBe(false);
});
