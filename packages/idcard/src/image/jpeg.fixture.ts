/** Changes JPEGs for tests into forms that common encoders do not write. Never part of the service. */

/** Moves the height from the frame into a DNL segment after the scan. @param jpeg baseline, with its end marker */
export function withDnl(jpeg: Buffer): Buffer {
  const frame = jpeg.indexOf(Buffer.from('ffc0', 'hex'));
  const copy = Buffer.from(jpeg);
  const height = copy.readUInt16BE(frame + 5);
  copy.writeUInt16BE(0, frame + 5);
  const dnl = Buffer.from('ffdc00040000', 'hex');
  dnl.writeUInt16BE(height, 4);
  return Buffer.concat([copy.subarray(0, -2), dnl, copy.subarray(-2)]);
}
