import { describe, expect, it } from 'vitest';
import { pairPictures } from './pair-pictures.ts';

describe('pairPictures', () => {
  it('pairs by name and folder, in the order given', () => {
    const files = ['a/0001-back.jpg', 'a/0001-front.jpg', 'b/0001-front.png', 'lone.jpg', 'x_FRONT.bmp'];
    expect(pairPictures(files, 'front')).toEqual([
      { name: '0001', back: 'a/0001-back.jpg', front: 'a/0001-front.jpg' },
      { name: '0001', front: 'b/0001-front.png' },
      { name: 'lone', front: 'lone.jpg' },
      { name: 'x', front: 'x_FRONT.bmp' },
    ]);
  });

  it('takes a lone picture for the side it is told', () => {
    expect(pairPictures(['p.jpg'], 'back')).toEqual([{ name: 'p', back: 'p.jpg' }]);
  });

  it('keeps a picture named only by its side', () => {
    expect(pairPictures(['front.jpg', 'back.jpg'], 'front').length).toBe(2);
  });
});
