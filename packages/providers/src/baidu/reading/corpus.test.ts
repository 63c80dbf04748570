/** Reads every seed of the fuzzer and every input that ever failed: each is accepted, or refused with the one error. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isWellFormedReply, readReply } from './index.ts';

const CORPUS = new URL('../../../../../test/vectors/fuzz/reply/', import.meta.url);
const REFUSED = new Set(['error.json', 'deep.json', 'truncated.json', 'noise.bin']);

describe('corpus of the reply fuzzer', () => {
  const names = readdirSync(CORPUS);

  it.each(names)('%s', (name) => {
    const input = readFileSync(new URL(name, CORPUS));
    const read = () => readReply(input, { declaredSide: 'front', provider: 'fuzz' });
    if (name.endsWith('.json')) expect(isWellFormedReply(input)).toBe(!REFUSED.has(name));
    if (isWellFormedReply(input)) expect(read()).toHaveProperty('image_status');
    else expect(read).toThrow('upstream_reply_unreadable');
  });

  it('has all its refused inputs', () => {
    expect(names).toEqual(expect.arrayContaining([...REFUSED]));
  });
});
