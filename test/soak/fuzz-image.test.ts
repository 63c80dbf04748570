import { RejectedError } from '@cardseal/base/errors';
import { inspectImage } from '@cardseal/idcard/image';
import { describe, expect, it } from 'vitest';
import { fuzzImage, mutate, readCorpus } from './fuzz-image.ts';

describe('fuzzImage', () => {
  it('finds nothing in a sample', () => {
    const report = fuzzImage({ seconds: 50, seed: 7, maxRuns: 30_000 });
    expect(report.failures).toEqual([]);
    expect(report.runs).toBe(30_000);
    expect(report.accepted).toBeGreaterThan(1_000);
  });

  it('makes the same input from the same seed and run', () => {
    const corpus = readCorpus();
    expect(corpus.length).toBeGreaterThan(15);
    for (const run of [0, 1, 99]) expect(mutate(corpus, 3, run)).toEqual(mutate(corpus, 3, run));
    expect(mutate(corpus, 3, 1)).not.toEqual(mutate(corpus, 4, 1));
  });

  it('reports a reader that crashes, rejects with an unknown reason, or returns impossible facts', () => {
    const crashing = (bytes: Uint8Array) => {
      if (bytes.length < 20) throw new RangeError('out of bounds');
      return inspectImage(bytes);
    };
    const odd = () => {
      throw new RejectedError('image_unusable', { fields: { reason: 'because' } });
    };
    const impossible = (bytes: Uint8Array) => ({ ...inspectImage(bytes), widthPx: 0 });
    for (const inspect of [crashing, odd, impossible]) {
      expect(fuzzImage({ seconds: 15, seed: 1, maxRuns: 5_000, inspect }).failures).toHaveLength(20);
    }
  });

  it('reports a slow reader', () => {
    const slow = (bytes: Uint8Array) => {
      const { user } = process.cpuUsage();
      while (process.cpuUsage().user - user < 300_000);
      return inspectImage(bytes);
    };
    expect(fuzzImage({ seconds: 15, seed: 1, maxRuns: 1, inspect: slow }).failures).toMatchObject([{ what: 'slow' }]);
  });
});
