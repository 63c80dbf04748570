/**
 * What the header of a picture says about it. Facts are read by `inspectImage` in the API before a card is accepted
 * and travel with the job; they never hold anything of the picture's content.
 */

export type ImageFormat = 'jpeg' | 'png' | 'bmp';

export type ColorModel = 'grey' | 'grey-alpha' | 'ycbcr' | 'rgb' | 'rgba' | 'palette' | 'cmyk';

/** EXIF's orientation: 1 upright, 3/6/8 turned, 2/4/5/7 mirrored. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

export interface ImageFacts {
  /** By content, never by name or content type. */
  readonly format: ImageFormat;
  /** As stored, before the orientation is applied. */
  readonly widthPx: number;
  readonly heightPx: number;
  readonly colorModel: ColorModel;
  /** Bits per sample (per index for a palette). */
  readonly bitDepth: number;
  readonly progressive: boolean;
  readonly interlaced: boolean;
  /** 1 where the picture says nothing. */
  readonly orientation: Orientation;
}

export function isMirrored(orientation: Orientation): boolean {
  return orientation === 2 || orientation === 4 || orientation === 5 || orientation === 7;
}
