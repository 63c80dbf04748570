/**
 * Reads the segments of a JPEG up to its first scan (ITU-T T.81, annex B). Never decodes: one pass over the segment
 * headers, whose number the file's length bounds.
 */
import { readOrientation } from './exif-orientation.ts';
import type { ColorModel, ImageFacts, Orientation } from './facts.ts';
import { unusable } from './reasons.ts';

interface Frame {
  progressive: boolean;
  heightPx: number;
  widthPx: number;
  componentIds: number[];
  /** Sum over the components of 8 × 8 blocks, a lower bound. */
  blocks: number;
}

interface Segments {
  frame: Frame | undefined;
  orientation: Orientation | undefined;
  /** Adobe's colour transform: 0 none, 1 YCbCr, 2 YCCK. */
  adobeTransform: number | undefined;
}

export function isJpeg(view: DataView): boolean {
  if (view.byteLength < 2 || view.getUint16(0) !== 0xffd8) return false;
  return view.byteLength === 2 || view.getUint8(2) === 0xff;
}

/** @throws RejectedError `image_unusable`: truncated, damaged, dimensions_lie, unsupported_format */
export function readJpegHeader(view: DataView): ImageFacts {
  const found: Segments = { frame: undefined, orientation: undefined, adobeTransform: undefined };
  const scanAt = readSegments(view, found);
  const frame = found.frame;
  if (frame === undefined) throw unusable('damaged');
  checkScanLength(view, scanAt, frame);
  return {
    format: 'jpeg',
    widthPx: frame.widthPx,
    heightPx: frame.heightPx,
    colorModel: colorModelOf(frame, found.adobeTransform),
    bitDepth: 8,
    progressive: frame.progressive,
    interlaced: false,
    orientation: found.orientation ?? 1,
  };
}

/** @returns where the first scan's entropy-coded data starts */
function readSegments(view: DataView, found: Segments): number {
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
    if (marker === 0xda) return end;
    if (isFrame(marker) || marker === 0xe1 || marker === 0xee) {
      readSegment(marker, new DataView(view.buffer, view.byteOffset + at + 2, length - 2), found);
    }
    at = end;
  }
}

/** Skips what stands between segments, as decoders do, and fill bytes. @returns the position of the marker's code */
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
  if (widthPx === 0 || heightPx === 0) throw unusable('dimensions_lie');
  return { progressive: marker === 0xc2, heightPx, widthPx, ...readComponents(body, components, widthPx, heightPx) };
}

function readComponents(body: DataView, count: number, widthPx: number, heightPx: number) {
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
  const blocksAcross = widthPx / 8 / Math.max(...across);
  const blocksDown = heightPx / 8 / Math.max(...down);
  const blocks = across.reduce(
    (sum, h, n) => sum + Math.floor(blocksAcross * h) * Math.floor(blocksDown * down[n]!),
    0,
  );
  return { componentIds, blocks };
}

/**
 * Each block costs at least one bit for its first coefficient, and in a sequential frame one more to end it. What holds
 * less cannot be the picture that the header claims. A missing end marker alone is no fault: decoders read on.
 */
function checkScanLength(view: DataView, scanAt: number, frame: Frame): void {
  const scanBytes = view.byteLength - scanAt;
  if (scanBytes <= 2) throw unusable('truncated');
  const bitsPerBlock = frame.progressive ? 1 : 2;
  if (scanBytes * 8 >= frame.blocks * bitsPerBlock) return;
  const complete = view.getUint16(view.byteLength - 2) === 0xffd9;
  throw unusable(complete ? 'dimensions_lie' : 'truncated');
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
