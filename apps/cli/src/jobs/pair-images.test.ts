import { describe, expect, it } from 'vitest';
import { pairImages } from './pair-images.ts';

describe('pairImages', () => {
  it('pairs by name and folder, and keeps the order', () => {
    const files = ['a/0001-back.jpg', 'a/0001-front.jpg', 'b/0001-front.png', 'lone.jpg', 'x_FRONT.bmp'];
    expect(pairImages(files, 'front')).toEqual([
      { name: '0001', back: 'a/0001-back.jpg', front: 'a/0001-front.jpg' },
      { name: '0001', front: 'b/0001-front.png' },
      { name: 'lone', front: 'lone.jpg' },
      { name: 'x', front: 'x_FRONT.bmp' },
    ]);
  });

  it('uses the given side for an image without a side in its name', () => {
    expect(pairImages(['p.jpg'], 'back')).toEqual([{ name: 'p', back: 'p.jpg' }]);
  });

  it('keeps images apart that are named only by their side', () => {
    expect(pairImages(['front.jpg', 'back.jpg'], 'front').length).toBe(2);
  });
});
