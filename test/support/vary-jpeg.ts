/** Changes the hash or the size of a JPEG with comments inside it. The pixels stay the same. */
import { randomBytes } from 'node:crypto';

const MARKER_BYTES = 2;
const MAX_COMMENT_BYTES = 65_533;

/** The same pixels with another hash. */
export function stamped(jpeg: Buffer, stamp: number): Buffer {
  const text = Buffer.alloc(4);
  text.writeUInt32BE(stamp);
  return withComments(jpeg, [text]);
}

/** The same pixels in a file of exactly `sizeBytes`, with a different hash each time. */
export function padded(jpeg: Buffer, sizeBytes: number): Buffer {
  const comments: Buffer[] = [];
  for (let missing = sizeBytes - jpeg.length; missing > 0; ) {
    const length = Math.min(missing - 4, MAX_COMMENT_BYTES);
    // The remainder must also hold a segment header.
    const size = missing - 4 - length > 0 && missing - 4 - length < 5 ? length - 5 : length;
    comments.push(randomBytes(size));
    missing -= size + 4;
  }
  return withComments(jpeg, comments);
}

function withComments(jpeg: Buffer, comments: readonly Buffer[]): Buffer {
  const segments = comments.flatMap((text) => {
    const head = Buffer.from([0xff, 0xfe, 0, 0]);
    head.writeUInt16BE(text.length + 2, 2);
    return [head, text];
  });
  return Buffer.concat([jpeg.subarray(0, MARKER_BYTES), ...segments, jpeg.subarray(MARKER_BYTES)]);
}
