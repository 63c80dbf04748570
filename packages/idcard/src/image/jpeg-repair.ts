/**
 * Makes a JPEG that ordinary decoders refuse readable for them: writes the height of a DNL segment into the frame and
 * adds a missing end marker. Used by the worker before it decodes; never changes the image data.
 */
import type { ImageFacts } from './facts.ts';
import { jpegHeightAt } from './jpeg-header.ts';

const endMarker = Buffer.from([0xff, 0xd9]);

export interface RepairedJpeg {
  bytes: Buffer;
  /**
   * The same file with noise after its data. A decoder that still needs data takes the noise for it, so the pixels
   * differ; the pixels of a whole image stay the same. Absent where the end marker was present.
   */
  withNoise?: Buffer;
}

export function needsRepair(facts: ImageFacts): boolean {
  return facts.format === 'jpeg' && (facts.noEndMarker === true || facts.lateHeight === true);
}

/** @param facts of these bytes; `needsRepair` is true for them */
export function repairJpeg(bytes: Uint8Array, facts: ImageFacts): RepairedJpeg {
  const copy = Buffer.from(bytes);
  if (facts.lateHeight)
    copy.writeUInt16BE(facts.heightPx, jpegHeightAt(new DataView(copy.buffer, copy.byteOffset, copy.length)));
  if (!facts.noEndMarker) return { bytes: copy };
  // A last 0xFF is half of a marker, and would form another marker with what follows.
  let length = copy.length;
  while (length > 0 && copy[length - 1] === 0xff) length -= 1;
  const data = copy.subarray(0, length);
  return { bytes: Buffer.concat([data, endMarker]), withNoise: Buffer.concat([data, noise(), endMarker]) };
}

/**
 * All eight restart markers separate the pieces: a decoder that waits for one skips everything else. The bytes are fixed,
 * appear random, and contain no 0xFF, which would form a marker.
 */
function noise(): Buffer {
  const pieces: Buffer[] = [];
  let state = 12_345;
  for (let restart = 0; restart <= 8; restart++) {
    const piece = Buffer.alloc(64);
    for (let n = 0; n < piece.length; n++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      piece[n] = (state >> 16) % 254;
    }
    pieces.push(piece, restart < 8 ? Buffer.from([0xff, 0xd0 + restart]) : Buffer.alloc(0));
  }
  return Buffer.concat(pieces);
}
