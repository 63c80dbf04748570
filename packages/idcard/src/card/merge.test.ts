import { describe, expect, it } from 'vitest';
import { mergeSides, readingOf } from './index.ts';
import { back, blank, front } from './specimen-for-tests.ts';

const whole = { ...front().card, ...back().card };

describe('merging', () => {
  it('puts both sides into one card, in either order', () => {
    expect(mergeSides([front(), back()])).toEqual({ card: whole });
    expect(mergeSides([back(), front()])).toEqual({ card: whole });
  });

  it('puts swapped images on their sides', () => {
    expect(mergeSides([front({}, { declaredSide: 'back' }), back({}, { declaredSide: 'front' })]).card).toEqual(whole);
  });

  it('leaves out fields that no image shows', () => {
    expect(mergeSides([])).toEqual({ card: {} });
    expect(mergeSides([blank('front'), back()]).card).toEqual(back().card);
  });

  it('prefers the image that was declared as the side it shows, even with fewer fields', () => {
    const declared = front({ name: '样本二', address: undefined });
    const stray = front({ name: '样本三' }, { declaredSide: 'back' });
    for (const readings of [
      [declared, stray],
      [stray, declared],
    ]) {
      expect(mergeSides(readings).card).toEqual(declared.card);
    }
  });

  it('never mixes two images of one side', () => {
    const short = front({ name: '样本二', address: undefined });
    expect(mergeSides([short, front({}, { declaredSide: 'back' })]).card).not.toHaveProperty('address');
  });

  it('prefers more fields when both were declared alike', () => {
    const short = front({ name: '样本二', address: undefined });
    expect(readingOf([short, front()], 'front')).toEqual(front());
  });

  it('prefers an image that shows a side to one that was declared as it and gives a stray field of it', () => {
    const stray = back({ name: '样本四' }, { declaredSide: 'front' });
    const shown = front({}, { declaredSide: 'back' });
    expect(mergeSides([stray, shown]).card).toEqual(whole);
  });

  it('takes both sides from one image that shows both', () => {
    const copy = front(whole);
    expect(mergeSides([copy]).card).toEqual(whole);
    const other = back({ issuing_authority: '另一公安局' });
    expect(mergeSides([copy, other]).card.issuing_authority).toBe('另一公安局');
  });
});
