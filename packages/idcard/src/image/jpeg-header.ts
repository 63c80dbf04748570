/**
 * Reads the segments of a JPEG (ITU-T T.81, annex B): the frame, and what the scans cover. Never decodes: one pass over
 * the file, which skips the entropy-coded data.
 */
import { readOrientation } from './exif-orientation.ts';
import type { ColorModel, ImageFacts, Orientation } from './facts.ts';
import { unusable } from './reasons.ts';

interface Frame {
  progressive: boolean;
  /** 0 where a DNL segment states it after the first scan. */
  heightPx: number;
  widthPx: number;
  componentIds: number[];
  /** Sampling factors per component. */
  across: number[];
  down: number[];
}

interface Segments {
  frame: Frame | undefined;
  orientation: Orientation | undefined;
  /** Adobe's colour transform: 0 none, 1 YCbCr, 2 YCCK. */
  adobeTransform: number | undefined;
  /** Position of the frame's height field. */
  heightAt: number;
}

export function isJpeg(view: DataView): boolean {
  if (view.byteLength < 2 || view.getUint16(0) !== 0xffd8) return false;
  return view.byteLength === 2 || view.getUint8(2) === 0xff;
}

/** @throws RejectedError `image_unusable`: truncated, damaged, dimensions_lie, unsupported_format */
export function readJpegHeader(view: DataView): ImageFacts {
  const found: Segments = { frame: undefined, orientation: undefined, adobeTransform: undefined, heightAt: 0 };
  const scan = readSegments(view, found);
  const frame = found.frame;
  if (frame === undefined) throw unusable('damaged');
  const scans = readScans(view, scan, frame);
  const lateHeight = frame.heightPx === 0;
  const heightPx = lateHeight ? scans.heightPx : frame.heightPx;
  if (heightPx === 0) throw unusable(scans.endMarker ? 'dimensions_lie' : 'truncated');
  checkScanLength(view, scan.dataAt, { ...frame, heightPx }, scans.endMarker);
  return {
    format: 'jpeg',
    widthPx: frame.widthPx,
    heightPx,
    colorModel: colorModelOf(frame, found.adobeTransform),
    bitDepth: 8,
    progressive: frame.progressive,
    interlaced: false,
    orientation: found.orientation ?? 1,
    ...(scans.endMarker ? {} : { noEndMarker: true }),
    ...(lateHeight ? { lateHeight: true } : {}),
  };
}

/** @returns the position of the 16-bit height in the frame header of a JPEG that `readJpegHeader` accepts */
export function jpegHeightAt(view: DataView): number {
  const found: Segments = { frame: undefined, orientation: undefined, adobeTransform: undefined, heightAt: 0 };
  readSegments(view, found);
  return found.heightAt;
}

interface ScanPlace {
  /** The component count of the scan header. */
  headerAt: number;
  /** The entropy-coded data. */
  dataAt: number;
}

/** @returns where the first scan starts */
function readSegments(view: DataView, found: Segments): ScanPlace {
  let at = 2;
  for (;;) {
    at = nextMarker(view, at);
    const marker = view.getUint8(at);
    at += 1;
    if (marker === 0x00 || marker === 0xd8 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue;
    if (marker === 0xd9) throw unusable('damaged');
    if (at + 2 > view.byteLength) throw unusable('truncated');
    const length = view.getUint16(at);
    if (length < 2) throw unusable('damaged');
    const end = at + length;
    if (end > view.byteLength) throw unusable('truncated');
    if (marker === 0xda) return { headerAt: at + 2, dataAt: end };
    if (isFrame(marker) || marker === 0xe1 || marker === 0xee) {
      readSegment(marker, new DataView(view.buffer, view.byteOffset + at + 2, length - 2), found);
      if (isFrame(marker)) found.heightAt = at + 3;
    }
    at = end;
  }
}

/** Skips bytes between segments, as decoders do, and fill bytes. @returns the position of the marker's code */
function nextMarker(view: DataView, from: number): number {
  let at = from;
  while (at < view.byteLength && view.getUint8(at) !== 0xff) at += 1;
  while (at < view.byteLength && view.getUint8(at) === 0xff) at += 1;
  if (at >= view.byteLength) throw unusable('truncated');
  return at;
}

function readSegment(marker: number, body: DataView, found: Segments): void {
  if (isFrame(marker)) {
    if (found.frame !== undefined) throw unusable('damaged');
    found.frame = readFrame(marker, body);
  } else if (marker === 0xe1 && startsWith(body, 'Exif\0\0')) {
    found.orientation ??= readOrientation(new DataView(body.buffer, body.byteOffset + 6, body.byteLength - 6));
  } else if (marker === 0xee && body.byteLength >= 12 && startsWith(body, 'Adobe')) {
    found.adobeTransform ??= body.getUint8(11);
  }
}

/** C0–CF are frames, but for DHT (C4), JPG (C8) and DAC (CC). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function readFrame(marker: number, body: DataView): Frame {
  // Lossless, hierarchical and arithmetic frames exist in standards, not in phones: common decoders refuse them.
  if (marker > 0xc2) throw unusable('unsupported_format', { format: 'jpeg-uncommon' });
  if (body.byteLength < 6) throw unusable('damaged');
  if (body.getUint8(0) !== 8) throw unusable('unsupported_format', { format: 'jpeg-uncommon' });
  const heightPx = body.getUint16(1);
  const widthPx = body.getUint16(3);
  const components = body.getUint8(5);
  if (components === 0 || components > 4 || components === 2) throw unusable('damaged');
  if (body.byteLength < 6 + 3 * components) throw unusable('damaged');
  if (widthPx === 0) throw unusable('dimensions_lie');
  return { progressive: marker === 0xc2, heightPx, widthPx, ...readComponents(body, components) };
}

function readComponents(body: DataView, count: number) {
  const componentIds: number[] = [];
  const across: number[] = [];
  const down: number[] = [];
  for (let n = 0; n < count; n++) {
    componentIds.push(body.getUint8(6 + 3 * n));
    const sampling = body.getUint8(7 + 3 * n);
    across.push(sampling >> 4);
    down.push(sampling & 15);
  }
  if ([...across, ...down].some((factor) => factor < 1 || factor > 4)) throw unusable('damaged');
  return { componentIds, across, down };
}

interface Scans {
  endMarker: boolean;
  /** From a DNL segment; 0 without one. */
  heightPx: number;
}

/** Encoders write about ten; a hostile file with thousands would cost a decoder minutes. */
const maxScans = 500;

/**
 * Follows the scans to the end marker. The file may lack the marker, but not a scan: without the marker, a scan that
 * never came shows that the file was cut.
 */
function readScans(view: DataView, first: ScanPlace, frame: Frame): Scans {
  const coverage = createCoverage(frame);
  const found: Scans = { endMarker: false, heightPx: 0 };
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  coverage.add(view, first.headerAt, first.dataAt);
  let scans = 1;
  let at = first.dataAt;
  for (;;) {
    at = nextMarkerInScan(bytes, at);
    const marker = bytes[at + 1];
    at += 2;
    if (marker === 0xd9) return { ...found, endMarker: true };
    if (at + 2 > bytes.length) break;
    const end = at + view.getUint16(at);
    if (end > bytes.length || end < at + 2) break;
    if (marker === 0xdc && end === at + 4 && scans === 1) found.heightPx = view.getUint16(at + 2);
    if (marker === 0xda) {
      scans += 1;
      if (scans > maxScans) throw unusable('damaged');
      coverage.add(view, at + 2, end);
    }
    at = end;
  }
  if (!coverage.isComplete()) throw unusable('truncated');
  return found;
}

/** @returns the position of the next 0xFF that starts a segment or the end marker; the length where there is none */
function nextMarkerInScan(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    at = bytes.indexOf(0xff, at);
    if (at < 0) return bytes.length;
    while (bytes[at + 1] === 0xff) at += 1;
    const code = bytes[at + 1] ?? 0;
    // Frames, tables, scans, DNL, application data and comments; the rest is data or noise.
    if ((code >= 0xc0 && code < 0xd0) || code >= 0xd9) return at;
    at += 2;
  }
}

interface Coverage {
  /** @param at the component count of a scan header. @param end the first byte after the header. */
  add(view: DataView, at: number, end: number): void;
  /** Every coefficient of every component came at full precision. */
  isComplete(): boolean;
}

function createCoverage({ componentIds, progressive }: Frame): Coverage {
  // Bits still missing per coefficient; 255 for one that no scan has brought.
  const missing = new Uint8Array(componentIds.length * 64).fill(255);
  return {
    add(view, at, end) {
      const count = at < end ? view.getUint8(at) : 0;
      const tail = at + 1 + 2 * count;
      if (tail + 3 > end) return;
      const [first, last] = progressive ? [view.getUint8(tail), Math.min(63, view.getUint8(tail + 1))] : [0, 63];
      const bits = progressive ? view.getUint8(tail + 2) & 15 : 0;
      for (let n = 0; n < count; n++) {
        const component = componentIds.indexOf(view.getUint8(at + 1 + 2 * n));
        if (component >= 0) missing.fill(bits, component * 64 + first, component * 64 + last + 1);
      }
    },
    isComplete: () => missing.every((bits) => bits === 0),
  };
}

/**
 * Each block costs at least one bit for its first coefficient, and in a sequential frame one more to end it. A file
 * that holds less cannot be the image that the header claims.
 */
function checkScanLength(view: DataView, scanAt: number, frame: Frame, endMarker: boolean): void {
  const scanBytes = view.byteLength - scanAt;
  if (scanBytes <= 2) throw unusable('truncated');
  const bitsPerBlock = frame.progressive ? 1 : 2;
  if (scanBytes * 8 >= blocksOf(frame) * bitsPerBlock) return;
  throw unusable(endMarker ? 'dimensions_lie' : 'truncated');
}

/** Sum over the components of 8 × 8 blocks, a lower bound. */
function blocksOf({ widthPx, heightPx, across, down }: Frame): number {
  const blocksAcross = widthPx / 8 / Math.max(...across);
  const blocksDown = heightPx / 8 / Math.max(...down);
  return across.reduce((sum, h, n) => sum + Math.floor(blocksAcross * h) * Math.floor(blocksDown * down[n]!), 0);
}

function colorModelOf(frame: Frame, adobeTransform: number | undefined): ColorModel {
  const ids = frame.componentIds;
  if (ids.length === 1) return 'grey';
  if (ids.length === 4) return 'cmyk';
  const namedRgb = ids[0] === 0x52 && ids[1] === 0x47 && ids[2] === 0x42;
  return adobeTransform === 0 || (adobeTransform === undefined && namedRgb) ? 'rgb' : 'ycbcr';
}

function startsWith(view: DataView, text: string): boolean {
  if (view.byteLength < text.length) return false;
  for (let n = 0; n < text.length; n++) if (view.getUint8(n) !== text.charCodeAt(n)) return false;
  return true;
}
