/** Makes other files of one JPEG by comments inside it: the picture stays the same, its hash or its size does not. */
import { randomBytes } from 'node:crypto';

const MARKER_BYTES = 2;
const MAX_COMMENT_BYTES = 65_533;

/** The same picture as a file of its own. */
export function stamped(jpeg: Buffer, stamp: number): Buffer {
  const text = Buffer.alloc(4);
  text.writeUInt32BE(stamp);
  return withComments(jpeg, [text]);
}

/** The same picture in a file of exactly `sizeBytes`, and different every time. */
export function padded(jpeg: Buffer, sizeBytes: number): Buffer {
  const comments: Buffer[] = [];
  for (let missing = sizeBytes - jpeg.length; missing > 0; ) {
    const length = Math.min(missing - 4, MAX_COMMENT_BYTES);
    // What is left must have room for a header, too.
    const room = missing - 4 - length > 0 && missing - 4 - length < 5 ? length - 5 : length;
    comments.push(randomBytes(room));
    missing -= room + 4;
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
