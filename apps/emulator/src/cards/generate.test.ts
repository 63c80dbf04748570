import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { generateSpecimens, runSpecimenCommand, SCENARIOS } from './index.ts';
import { EXPECTATIONS } from './scenarios.ts';

describe('generating', () => {
  it('generates the same card for the same seed, number and day, whatever the first number is', async () => {
    const options = { seed: 5, today: '2031-05-06' };
    const run = await Array.fromAsync(generateSpecimens({ ...options, count: 3 }));
    const [third] = await Array.fromAsync(generateSpecimens({ ...options, count: 1, first: 3 }));
    expect(third!.front.equals(run[2]!.front)).toBe(true);
    expect(third!.truth).toEqual(run[2]!.truth);
    const [other] = await Array.fromAsync(generateSpecimens({ ...options, seed: 6, count: 1 }));
    expect(other!.truth.card.id_number).not.toBe(run[0]!.truth.card.id_number);
  });

  it('swaps the images in the scenario wrong-side and omits the fields of an unreadable front', async () => {
    const [wrong] = await Array.fromAsync(generateSpecimens({ count: 1, scenario: 'wrong-side' }));
    expect(wrong!.truth.expect).toMatchObject({ verdict: 'review', checks: { side_match: 'warn' } });
    const [blurred] = await Array.fromAsync(generateSpecimens({ count: 1, scenario: 'blurred' }));
    const fields = ['issuing_authority', 'valid_from', 'valid_long_term', 'valid_until'];
    expect(Object.keys(blurred!.truth.card).sort()).toEqual(fields);
  });

  it('generates files of the requested format and size', async () => {
    const magic = { jpeg: 'ffd8', png: '8950', bmp: '424d' } as const;
    for (const format of ['jpeg', 'png', 'bmp'] as const) {
      const [card] = await Array.fromAsync(generateSpecimens({ count: 1, scenario: 'good', format }));
      expect(card!.front.toString('hex', 0, 2)).toBe(magic[format]);
      expect(card!.front.length).toBeLessThan(2_000_000);
      expect(card!.truth.front).toBe(`0001-front.${format === 'jpeg' ? 'jpg' : format}`);
    }
  });

  it('expects a verdict that follows from the checks in every scenario', () => {
    for (const scenario of SCENARIOS) {
      const outcomes = Object.values(EXPECTATIONS[scenario].checks);
      const verdict = outcomes.includes('fail') ? 'reject' : outcomes.includes('warn') ? 'review' : 'clear';
      expect([scenario, EXPECTATIONS[scenario].verdict]).toEqual([scenario, verdict]);
    }
  });
});

describe('cardseal specimen', () => {
  let folder: string;
  let said: string[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'specimens-'));
    said = [];
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    }
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(folder, { recursive: true });
  });

  it('writes the images and one line of truth for each card', async () => {
    expect(await runSpecimenCommand(['--out', folder, '--count', '2', '--seed', '9', '--format', 'png'])).toBe(0);
    const files = (await readdir(folder)).sort();
    expect(files).toEqual(['0001-back.png', '0001-front.png', '0002-back.png', '0002-front.png', 'truth.ndjson']);
    const lines = (await readFile(join(folder, 'truth.ndjson'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { n: 1, scenario: 'good', front: '0001-front.png', back: '0001-back.png', expect: { verdict: 'clear' } },
      { n: 2, scenario: 'wrong-side' },
    ]);
    expect(said.at(-1)).toBe(`${join(folder, 'truth.ndjson')}\n`);
  });

  it('explains wrong arguments and writes nothing', async () => {
    expect(await runSpecimenCommand(['--out', folder, '--count', 'x', '--scenario', 'odd', '--scale', '9'])).toBe(2);
    expect(said.join('')).toMatch(/--count must.*\n--scenario is not.*\n--scale must/);
    expect(await runSpecimenCommand(['--nonsense'])).toBe(2);
    expect(await readdir(folder)).toEqual([]);
  });
});
