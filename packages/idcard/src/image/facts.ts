/**
 * What the header of an image says about it. `inspectImage` reads the facts in the API before a job is accepted, and
 * again in the worker; they never hold anything of the image's content.
 */

export type ImageFormat = 'jpeg' | 'png' | 'bmp' | 'webp' | 'tiff' | 'avif' | 'pdf';

export type ColorModel = 'grey' | 'grey-alpha' | 'ycbcr' | 'rgb' | 'rgba' | 'palette' | 'cmyk';

/** EXIF's orientation: 1 upright, 3/6/8 turned, 2/4/5/7 mirrored. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

export interface ImageFacts {
  /** By content, never by name or content type. */
  readonly format: ImageFormat;
  /** As stored, before the orientation is applied. For a PDF: the largest size at which the worker renders a page. */
  readonly widthPx: number;
  readonly heightPx: number;
  readonly colorModel: ColorModel;
  /** Bits per sample (per index for a palette). */
  readonly bitDepth: number;
  readonly progressive: boolean;
  readonly interlaced: boolean;
  /** 1 where the image says nothing. */
  readonly orientation: Orientation;
  /** A JPEG that ends without its end marker. Only decoding shows whether rows are missing. */
  readonly noEndMarker?: true;
  /** A JPEG that states its height after the first scan (DNL). Common decoders do not read it there. */
  readonly lateHeight?: true;
  /** A BMP that is not a plain bitmap of 24 or 32 bits. */
  readonly uncommonBmp?: true;
  /** The file holds more than one page or frame; only the first is used. */
  readonly severalPages?: true;
}

export function isMirrored(orientation: Orientation): boolean {
  return orientation === 2 || orientation === 4 || orientation === 5 || orientation === 7;
}
