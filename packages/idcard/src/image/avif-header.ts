/**
 * Reads the boxes of an AVIF file (ISO/IEC 23000-22 over the HEIF container): size, depth and turn of the primary item.
 * Never decodes; each list of boxes is read once, and the work is bounded by the length of the file.
 */
import type { ImageFacts } from './facts.ts';
import { unusable } from './reasons.ts';

interface Box {
  type: string;
  /** Without the header. */
  body: DataView;
}

/** The content of a `property` about its items. */
interface Property {
  size?: { widthPx: number; heightPx: number };
  /** Quarter turns. */
  turns?: number;
  depth?: number;
  grey?: boolean;
}

/** Writers make a handful, and one entry per tile of a grid; a bound on what a hostile file can ask for. */
const maxBoxes = 4096;

/** The brands of the `ftyp` box, the major one first; empty for other files. */
export function heifBrands(view: DataView): string[] {
  if (view.byteLength < 16 || textAt(view, 4) !== 'ftyp') return [];
  const end = Math.min(view.getUint32(0), view.byteLength, 512);
  const brands = [textAt(view, 8)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(textAt(view, at));
  return brands;
}

/** By brand: a HEIF file of another codec never claims one of these. */
export function isAvif(view: DataView): boolean {
  return heifBrands(view).some((brand) => brand === 'avif' || brand === 'avis');
}

/** @throws RejectedError `image_unusable`: truncated, damaged, dimensions_lie, unsupported_format */
export function readAvifHeader(view: DataView): ImageFacts {
  const top = readBoxes(view);
  const meta = top.find(({ type }) => type === 'meta');
  if (!meta) throw unusable('damaged');
  const inside = readBoxes(part(meta.body, 4));
  const body = (type: string) => inside.find((box) => box.type === type)?.body;
  const [pitm, iprp, iloc, iinf] = [body('pitm'), body('iprp'), body('iloc'), body('iinf')];
  if (!pitm || !iprp || !iloc) throw unusable('damaged');
  const primary = readId(pitm, 4, versionOf(pitm) === 0);
  const codec = iinf && itemType(iinf, primary);
  if (codec !== undefined && codec !== 'av01' && codec !== 'grid')
    throw unusable('unsupported_format', { format: 'heif' });
  checkExtents(iloc, view.byteLength);
  const { size, turns = 0, depth = 8, grey } = propertiesOf(iprp, primary);
  if (!size) throw unusable('damaged');
  if (size.widthPx === 0 || size.heightPx === 0) throw unusable('dimensions_lie');
  const sideways = turns % 2 === 1;
  return {
    format: 'avif',
    widthPx: sideways ? size.heightPx : size.widthPx,
    heightPx: sideways ? size.widthPx : size.heightPx,
    colorModel: grey ? 'grey' : 'rgb',
    bitDepth: depth,
    progressive: false,
    interlaced: false,
    // The decoder applies the turn of the container itself, and the standard says to ignore the one of EXIF.
    orientation: 1,
    ...(top.some(({ type }) => type === 'moov') ? { severalPages: true } : {}),
  };
}

/** Throws `truncated` for a box that is longer than what is left, and `damaged` for too many boxes. */
function readBoxes(view: DataView): Box[] {
  const boxes: Box[] = [];
  let at = 0;
  while (at + 8 <= view.byteLength) {
    const stated = view.getUint32(at);
    const wide = stated === 1;
    if (wide && at + 16 > view.byteLength) throw unusable('truncated');
    const header = wide ? 16 : 8;
    const length = wide ? Number(view.getBigUint64(at + 8)) : stated === 0 ? view.byteLength - at : stated;
    if (length < header) throw unusable('damaged');
    if (at + length > view.byteLength) throw unusable('truncated');
    if (boxes.length === maxBoxes) throw unusable('damaged');
    boxes.push({
      type: textAt(view, at + 4),
      body: new DataView(view.buffer, view.byteOffset + at + header, length - header),
    });
    at += length;
  }
  return boxes;
}

/** The four letters of an item's `infe` entry; undefined where there is none. */
function itemType(iinf: DataView, item: number): string | undefined {
  const entries = readBoxes(part(iinf, versionOf(iinf) === 0 ? 6 : 8));
  for (const { type, body } of entries) {
    if (type !== 'infe' || body.byteLength < 12) continue;
    const short = versionOf(body) === 2;
    if (versionOf(body) < 2 || readId(body, 4, short) !== item) continue;
    const at = short ? 8 : 10;
    if (at + 4 <= body.byteLength) return textAt(body, at);
  }
  return undefined;
}

/** The data of every item that the file holds itself lie inside it (ISO/IEC 14496-12, 8.11.3). */
function checkExtents(iloc: DataView, fileBytes: number): void {
  const version = versionOf(iloc);
  if (iloc.byteLength < 8 || version > 2) throw unusable('damaged');
  const [offsetBytes, lengthBytes] = [iloc.getUint8(4) >> 4, iloc.getUint8(4) & 15];
  const [baseBytes, indexBytes] = [iloc.getUint8(5) >> 4, version === 0 ? 0 : iloc.getUint8(5) & 15];
  const reader = createReader(iloc, 6);
  const items = reader.take(version < 2 ? 2 : 4);
  for (let n = 0; n < items; n++) {
    reader.take(version < 2 ? 2 : 4);
    const inFile = version === 0 || (reader.take(2) & 15) === 0;
    reader.take(2);
    const base = reader.take(baseBytes);
    const stated = reader.take(2);
    // Extents whose fields have no bytes are all the same, and a file of any length can state 65,535 per item.
    const extents = indexBytes + offsetBytes + lengthBytes === 0 ? Math.min(stated, 1) : stated;
    for (let m = 0; m < extents; m++) {
      reader.take(indexBytes);
      const end = base + reader.take(offsetBytes) + reader.take(lengthBytes);
      if (inFile && end > fileBytes) throw unusable('truncated');
    }
  }
}

/** Reads numbers of 0, 2, 4 or 8 bytes one after another; throws `damaged` at the end of the box. */
function createReader(view: DataView, from: number) {
  let at = from;
  return {
    take(bytes: number): number {
      if (at + bytes > view.byteLength || ![0, 1, 2, 4, 8].includes(bytes)) throw unusable('damaged');
      const start = at;
      at += bytes;
      if (bytes === 0) return 0;
      if (bytes === 1) return view.getUint8(start);
      if (bytes === 2) return view.getUint16(start);
      return bytes === 4 ? view.getUint32(start) : Number(view.getBigUint64(start));
    },
  };
}

function propertiesOf(iprp: DataView, item: number): Property {
  const boxes = readBoxes(iprp);
  const ipco = boxes.find(({ type }) => type === 'ipco');
  if (!ipco) throw unusable('damaged');
  const all = readBoxes(ipco.body);
  const found: Property = {};
  for (const { type, body } of boxes) {
    if (type !== 'ipma') continue;
    for (const index of associations(body, item)) Object.assign(found, readProperty(all[index - 1]));
  }
  return found;
}

/** Indexes of an item's properties, from 1 (ISO/IEC 23008-12, 9.3.1). */
function associations(ipma: DataView, item: number): number[] {
  if (ipma.byteLength < 8) throw unusable('damaged');
  const wide = (ipma.getUint8(3) & 1) === 1;
  const reader = createReader(ipma, 4);
  const entries = reader.take(4);
  for (let n = 0; n < entries; n++) {
    const id = reader.take(versionOf(ipma) < 1 ? 2 : 4);
    const count = reader.take(1);
    const indexes = Array.from({ length: count }, () => (wide ? reader.take(2) & 0x7fff : reader.take(1) & 0x7f));
    if (id === item) return indexes;
  }
  return [];
}

function readProperty(box: Box | undefined): Property {
  const body = box?.body;
  if (!body) return {};
  if (box.type === 'ispe' && body.byteLength >= 12) {
    return { size: { widthPx: body.getUint32(4), heightPx: body.getUint32(8) } };
  }
  if (box.type === 'irot' && body.byteLength >= 1) return { turns: body.getUint8(0) & 3 };
  if (box.type !== 'av1C' || body.byteLength < 3) return {};
  const flags = body.getUint8(2);
  return { depth: (flags & 0x40) === 0 ? 8 : (flags & 0x20) === 0 ? 10 : 12, grey: (flags & 0x10) !== 0 };
}

function readId(view: DataView, at: number, short: boolean): number {
  if (at + (short ? 2 : 4) > view.byteLength) throw unusable('damaged');
  return short ? view.getUint16(at) : view.getUint32(at);
}

function versionOf(view: DataView): number {
  if (view.byteLength < 4) throw unusable('damaged');
  return view.getUint8(0);
}

function part(view: DataView, from: number): DataView {
  if (from > view.byteLength) throw unusable('damaged');
  return new DataView(view.buffer, view.byteOffset + from, view.byteLength - from);
}

function textAt(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
