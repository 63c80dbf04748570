/**
 * Draws what a phone's sensor gives, for tests and benchmarks: soft light, strokes like printed text, and noise in
 * three sizes, from a seed. Never part of the service.
 */
import sharp, { type Sharp } from 'sharp';

export interface PhotoRequest {
  widthPx: number;
  heightPx: number;
  /** Amplitude of the finest noise, 0 to about 60; what drives the size of a JPEG. */
  noise?: number;
  seed?: number;
}

/** @returns an image ready for `.jpeg()`, `.png()` and the like */
export function drawPhoto(request: PhotoRequest): Sharp {
  const { widthPx, heightPx } = request;
  return sharp(drawPixels(request), { raw: { width: widthPx, height: heightPx, channels: 3 } });
}

export function drawPixels({ widthPx, heightPx, noise = 20, seed = 1 }: PhotoRequest): Buffer {
  const data = Buffer.allocUnsafe(widthPx * heightPx * 3);
  const coarse = coarseNoise(seed);
  const random = xorshift(seed + 1);
  for (let y = 0, at = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, at += 3) {
      const light = 150 + (70 * x) / widthPx - (50 * y) / heightPx + coarse(x, y);
      const ink = isStroke(x, y) ? -90 : 0;
      const bits = random();
      for (let c = 0; c < 3; c++) {
        const grain = (((bits >>> (c * 8)) & 255) / 128 - 1) * noise;
        const value = light + ink + grain + (c === 2 ? -12 : c * 5);
        data[at + c] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  }
  return data;
}

/** Lines of blocky glyphs. */
function isStroke(x: number, y: number): boolean {
  if (y % 96 < 40 || (x >> 5) % 7 === 0) return false;
  return ((x >> 3) * 7 + (y >> 3) * 13 + (x >> 5) * (y >> 5)) % 5 < 2;
}

function coarseNoise(seed: number): (x: number, y: number) => number {
  const random = xorshift(seed);
  const grid = Float32Array.from({ length: 64 * 64 }, () => (random() / 2 ** 31 - 1) * 18);
  return (x, y) => grid[((y >> 3) & 63) * 64 + ((x >> 3) & 63)]! + grid[((y >> 6) & 63) * 64 + ((x >> 6) & 63)]!;
}

/** @returns a generator of 32-bit integers; the same for the same seed */
function xorshift(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
