import { DefectError, TransientError } from '@cardseal/base/errors';
import { expect, it } from 'vitest';
import { readOpened } from './read-opened.ts';

const good = Buffer.from('good');
const bad = Buffer.from('bad');
const storeOf = (...answers: (Buffer | null)[]) => ({ get: async () => answers.shift() ?? null });
const open = (sealed: Buffer) => {
  if (sealed === bad) throw new DefectError('seal_broken');
  return sealed.toString();
};

it('what was spoilt on the way is read again', async () => {
  expect(await readOpened(storeOf(bad, bad, bad, good), 'x', open)).toBe('good');
  expect(await readOpened(storeOf(bad, null), 'x', open)).toBeNull();
});

it('what stays broken is broken, and other errors are not asked twice', async () => {
  await expect(readOpened(storeOf(bad, bad, bad, bad, good), 'x', open)).rejects.toThrow('seal_broken');
  const away = () => {
    throw new TransientError('key_service_away');
  };
  await expect(readOpened(storeOf(good, good), 'x', away)).rejects.toThrow('key_service_away');
});
