/** The version of the tenant key that sealed something: a prefix of the envelope for every version but the first. */

const MARK = 0x54;
const HEADER_BYTES = 5;

export function nameVersion(version: number, envelope: Buffer): Buffer {
  if (version === 1) return envelope;
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = MARK;
  header.writeUInt32BE(version, 1);
  return Buffer.concat([header, envelope]);
}

export function readVersion(sealed: Uint8Array): { version: number; envelope: Buffer } {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes[0] !== MARK || bytes.length < HEADER_BYTES) return { version: 1, envelope: bytes };
  return { version: bytes.readUInt32BE(1), envelope: bytes.subarray(HEADER_BYTES) };
}
