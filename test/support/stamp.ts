/** Makes any number of different files of one JPEG: the picture stays the same, its hash does not. */
const MARKER_BYTES = 2;

export function stamped(jpeg: Buffer, stamp: number): Buffer {
  const comment = Buffer.from([0xff, 0xfe, 0, 6, 0, 0, 0, 0]);
  comment.writeUInt32BE(stamp, 4);
  return Buffer.concat([jpeg.subarray(0, MARKER_BYTES), comment, jpeg.subarray(MARKER_BYTES)]);
}
