/**
 * Writes urlencoded base64 directly into the body of a form. With strings this is the most expensive step of a
 * request. It must never hold a second whole copy of its input.
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Stores write eight bytes at once, so that many bytes must be free after the write position. */
const STORE_BYTES = 8;
/** A multiple of 3 and of AES's 16, small enough for the CPU's nearest caches. */
export const PIECE_BYTES = 24_576;
/**
 * Space is checked once per this number of bytes: with fewer the checks cost time, with more the end is counted twice.
 */
const BLOCK_BYTES = 1_536;

interface PairTable {
  /** The escaped length (2, 4 or 6) of the two characters for 12 bits. */
  readonly lengths: Uint8Array;
  /**
   * Their bytes, padded with zeros to eight and read as a float: V8's only unboxed 8-byte store. Never a NaN, because
   * the bytes of the exponent are always zero.
   */
  readonly stores: Float64Array;
}

let pairTable: PairTable | undefined;

function escaped(sixBits: number): string {
  const character = ALPHABET[sixBits]!;
  return character === '+' ? '%2B' : character === '/' ? '%2F' : character;
}

function buildPairTable(): PairTable {
  const lengths = new Uint8Array(4096);
  const stores = new Float64Array(4096);
  const bytes = Buffer.alloc(STORE_BYTES);
  for (let unit = 0; unit < 4096; unit++) {
    const text = escaped(unit >> 6) + escaped(unit & 63);
    lengths[unit] = text.length;
    bytes.fill(0).write(text, 'latin1');
    stores[unit] = bytes.readDoubleLE(0);
  }
  return { lengths, stores };
}

/** Exact length in bytes of urlencoded base64 of `bytes`, which must end a value or have a length divisible by 3. */
export function encodedLength(bytes: Uint8Array): number {
  pairTable ??= buildPairTable();
  const { lengths } = pairTable;
  const whole = bytes.length - (bytes.length % 3);
  let total = 0;
  for (let at = 0; at < whole; at += 3) {
    const group = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    total += lengths[group >>> 12]! + lengths[group & 4095]!;
  }
  return whole === bytes.length ? total : total + encodedTail(bytes.subarray(whole)).length;
}

/** The shortest possible urlencoded base64 of `byteCount` bytes: nothing is escaped but the padding. */
export function leastEncodedLength(byteCount: number): number {
  return Math.ceil(byteCount / 3) * 4 + 2 * ((3 - (byteCount % 3)) % 3);
}

/** The length for random bytes, with more than eight standard deviations of reserve. */
function likelyEncodedLength(byteCount: number): number {
  const base64 = Math.ceil(byteCount / 3) * 4;
  return Math.ceil(base64 * (17 / 16) + 3 * Math.sqrt(base64)) + 64;
}

function encodedTail(bytes: Uint8Array): string {
  return encodeURIComponent(Buffer.from(bytes).toString('base64'));
}

export interface FormValueWriter {
  /** Appends bytes to the value, best `PIECE_BYTES` at a time. */
  write(bytes: Uint8Array): void;
  /** Urlencoded characters of the value so far. */
  encodedBytes(): number;
  /** Ends the value (padding) and returns the body: head, then value. */
  finish(): Buffer;
}

/**
 * A body that starts with `head` and ends with a value of about `byteCount` raw bytes. Random values such as
 * ciphertext need one allocation; a value full of `+` and `/` (ECB over a blank image) grows.
 */
export function createFormValueWriter(head: string, byteCount: number): FormValueWriter {
  pairTable ??= buildPairTable();
  const table = pairTable;
  const start = Buffer.byteLength(head, 'latin1');
  let out = Buffer.allocUnsafeSlow(start + likelyEncodedLength(byteCount) + STORE_BYTES);
  let view = viewOf(out);
  out.write(head, 0, 'latin1');
  let position = start;
  let carried = Buffer.alloc(0);

  function reserve(bytes: Uint8Array): void {
    const worst = bytes.length * 4 + 2 * STORE_BYTES;
    if (position + worst <= out.length) return;
    const needed = position + encodedLength(bytes) + 2 * STORE_BYTES;
    if (needed <= out.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.ceil(out.length * 1.5)));
    out.copy(grown, 0, 0, position);
    out = grown;
    view = viewOf(out);
  }

  return {
    write(bytes) {
      const all = carried.length === 0 ? bytes : Buffer.concat([carried, bytes]);
      const whole = all.length - (all.length % 3);
      carried = Buffer.from(all.subarray(whole));
      for (let at = 0; at < whole; at += BLOCK_BYTES) {
        const block = all.subarray(at, Math.min(at + BLOCK_BYTES, whole));
        reserve(block);
        position = writeGroups(table, block, view, position);
      }
    },
    encodedBytes: () => position - start,
    finish() {
      const tail = encodedTail(carried);
      reserve(carried);
      position += out.write(tail, position, 'latin1');
      return out.subarray(0, position);
    },
  };
}

const viewOf = (buffer: Buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.length);

/** Reads whole groups of 3 bytes and writes two table rows for each. Returns the new position. */
function writeGroups(table: PairTable, groups: Uint8Array, view: DataView, from: number): number {
  const { lengths, stores } = table;
  const unrolled = groups.length - (groups.length % 12);
  let position = writeUnrolled(table, groups.subarray(0, unrolled), view, from);
  for (let at = unrolled; at < groups.length; at += 3) {
    const group = (groups[at]! << 16) | (groups[at + 1]! << 8) | groups[at + 2]!;
    for (const unit of [group >>> 12, group & 4095]) {
      view.setFloat64(position, stores[unit]!, true);
      position += lengths[unit]!;
    }
  }
  return position;
}

/** The hot loop: 12 bytes as three words contain eight units. A quarter faster than byte by byte. */
function writeUnrolled({ lengths, stores }: PairTable, bytes: Uint8Array, view: DataView, from: number): number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let position = from;
  for (let at = 0; at < bytes.length; at += 12) {
    const first = words.getInt32(at);
    const second = words.getInt32(at + 4);
    const third = words.getInt32(at + 8);
    let unit = first >>> 20;
    view.setFloat64(position, stores[unit]!, true);
    position += lengths[unit]!;
    unit = (first >>> 8) & 4095;
    view.setFloat64(position, stores[unit]!, true);
    position += lengths[unit]!;
    unit = ((first & 255) << 4) | (second >>> 28);
    view.setFloat64(position, stores[unit]!, true);
    position += lengths[unit]!;
    unit = (second >>> 16) & 4095;
    view.setFloat64(position, stores[unit]!, true);
    position += lengths[unit]!;
    unit = (second >>> 4) & 4095;
    view.setFloat64(position, stores[unit]!, true);
    position += lengths[unit]!;
    unit = ((second & 15) << 8) | (third >>> 24);
    view.setFloat64(position, stores[unit]!, true);
    position += lengths[unit]!;
    unit = (third >>> 12) & 4095;
    view.setFloat64(position, stores[unit]!, true);
    position += lengths[unit]!;
    unit = third & 4095;
    view.setFloat64(position, stores[unit]!, true);
    position += lengths[unit]!;
  }
  return position;
}
