// Reads glyph outlines straight from a TrueType file, so that cards look the same on a machine without any font or font configuration.
// The drawing of specimens uses it. It must never fall back to a system font.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Outline of one glyph in font units (y upwards) as SVG commands, and its advance width. */
interface Glyph {
  contours: Point[][];
  advance: number;
}

interface Point {
  x: number;
  y: number;
  on: boolean;
}

/** Position and size of a run of text. `x` and `y` are the left end of the baseline, in pixels. */
interface TextStyle {
  x: number;
  y: number;
  sizePx: number;
  /** Distance between the centres of adjacent characters. Without it the font's advance widths apply. */
  pitchPx?: number;
  /** Whether `x` is the left end (default) or the middle of the run. */
  anchor?: 'start' | 'middle';
}

/** A font that turns text into SVG path data. */
export interface Font {
  /** Path data (`d`) of the run. Characters that the font lacks are drawn as a box. */
  path(text: string, style: TextStyle): string;
  /** Width of the run in pixels. */
  width(text: string, sizePx: number, pitchPx?: number): number;
  /** Whether the font has a glyph for every character. */
  covers(text: string): boolean;
}

const FONT_FILE = '@expo-google-fonts/zcool-xiaowei/400Regular/ZCOOLXiaoWei_400Regular.ttf';
let cached: Font | undefined;

/** The font of the specimens, read once per process (6 MB). */
export function specimenFont(): Font {
  cached ??= openFont(readFileSync(createRequire(import.meta.url).resolve(FONT_FILE)));
  return cached;
}

/** Opens a TrueType file (`glyf` outlines, `cmap` format 4 or 12). Throws an Error if a table is missing. */
function openFont(file: Buffer): Font {
  const tables = readTables(file);
  const unitsPerEm = file.readUInt16BE(tables.get('head') + 18);
  const glyphIndex = readCharacterMap(file, tables.get('cmap'));
  const readGlyph = glyphReader(file, tables);
  const glyphs = new Map<string, Glyph>();
  const glyphOf = (char: string): Glyph => {
    const known = glyphs.get(char);
    if (known) return known;
    const index = glyphIndex(char.codePointAt(0) ?? 0);
    const glyph = index === 0 ? substitute(char, unitsPerEm, glyphOf) : readGlyph(index);
    glyphs.set(char, glyph);
    return glyph;
  };
  const width = (text: string, sizePx: number, pitchPx?: number): number => {
    let sum = 0;
    for (const char of text) sum += pitchPx ?? (glyphOf(char).advance * sizePx) / unitsPerEm;
    return sum;
  };
  const path = (text: string, style: TextStyle): string => {
    const scale = style.sizePx / unitsPerEm;
    let x = style.anchor === 'middle' ? style.x - width(text, style.sizePx, style.pitchPx) / 2 : style.x;
    let d = '';
    for (const char of text) {
      const glyph = glyphOf(char);
      const inset = style.pitchPx === undefined ? 0 : (style.pitchPx - glyph.advance * scale) / 2;
      for (const contour of glyph.contours) d += contourPath(contour, x + inset, style.y, scale);
      x += style.pitchPx ?? glyph.advance * scale;
    }
    return d;
  };
  return { path, width, covers: (text) => [...text].every((char) => glyphIndex(char.codePointAt(0) ?? 0) !== 0) };
}

/** The font has no middle dot, which minority names need, so it becomes a raised full stop. A missing space stays empty; other missing characters become a box. */
function substitute(char: string, unitsPerEm: number, glyphOf: (char: string) => Glyph): Glyph {
  if (char.trim() === '') return { contours: [], advance: unitsPerEm / 3 };
  if (char === '·') {
    const { contours, advance } = glyphOf('.');
    const rise = unitsPerEm * 0.3;
    return { advance, contours: contours.map((contour) => contour.map((p) => ({ ...p, y: p.y + rise }))) };
  }
  const [low, high] = [unitsPerEm * 0.1, unitsPerEm * 0.8];
  const corner = (x: number, y: number) => ({ x, y, on: true });
  const outer = [corner(low, 0), corner(high, 0), corner(high, high), corner(low, high)];
  return { advance: unitsPerEm, contours: [outer] };
}

interface Tables {
  get(tag: string): number;
}

function readTables(file: Buffer): Tables {
  const offsets = new Map<string, number>();
  const count = file.readUInt16BE(4);
  for (let i = 0; i < count; i++) {
    const entry = 12 + i * 16;
    offsets.set(file.toString('latin1', entry, entry + 4), file.readUInt32BE(entry + 8));
  }
  return {
    get(tag) {
      const offset = offsets.get(tag);
      if (offset === undefined) throw new Error(`the font has no ${tag} table`);
      return offset;
    },
  };
}

function readCharacterMap(file: Buffer, cmap: number): (codePoint: number) => number {
  const count = file.readUInt16BE(cmap + 2);
  let format4: number | undefined;
  let format12: number | undefined;
  for (let i = 0; i < count; i++) {
    const at = cmap + file.readUInt32BE(cmap + 4 + i * 8 + 4);
    const format = file.readUInt16BE(at);
    if (format === 4) format4 = at;
    if (format === 12) format12 = at;
  }
  if (format12 !== undefined) return (codePoint) => lookUp12(file, format12, codePoint);
  if (format4 !== undefined) return (codePoint) => lookUp4(file, format4, codePoint);
  throw new Error('the font has no Unicode character map');
}

function lookUp12(file: Buffer, at: number, codePoint: number): number {
  const groups = file.readUInt32BE(at + 12);
  for (let i = 0; i < groups; i++) {
    const group = at + 16 + i * 12;
    if (codePoint > file.readUInt32BE(group + 4)) continue;
    const start = file.readUInt32BE(group);
    return codePoint < start ? 0 : file.readUInt32BE(group + 8) + codePoint - start;
  }
  return 0;
}

function lookUp4(file: Buffer, at: number, codePoint: number): number {
  const segments = file.readUInt16BE(at + 6) / 2;
  for (let i = 0; i < segments; i++) {
    const end = file.readUInt16BE(at + 14 + i * 2);
    if (codePoint > end) continue;
    const startAt = at + 16 + segments * 2 + i * 2;
    const start = file.readUInt16BE(startAt);
    if (codePoint < start) return 0;
    const delta = file.readUInt16BE(startAt + segments * 2);
    const rangeAt = startAt + segments * 4;
    const range = file.readUInt16BE(rangeAt);
    if (range === 0) return (codePoint + delta) & 0xffff;
    const glyph = file.readUInt16BE(rangeAt + range + (codePoint - start) * 2);
    return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
  }
  return 0;
}

function glyphReader(file: Buffer, tables: Tables): (index: number) => Glyph {
  const longOffsets = file.readInt16BE(tables.get('head') + 50) === 1;
  const metricCount = file.readUInt16BE(tables.get('hhea') + 34);
  const [loca, glyf, hmtx] = [tables.get('loca'), tables.get('glyf'), tables.get('hmtx')];
  const offsetOf = (index: number) =>
    longOffsets ? file.readUInt32BE(loca + index * 4) : file.readUInt16BE(loca + index * 2) * 2;
  const contoursOf = (index: number): Point[][] => {
    const start = offsetOf(index);
    if (offsetOf(index + 1) === start) return [];
    const at = glyf + start;
    const contourCount = file.readInt16BE(at);
    return contourCount >= 0 ? readSimple(file, at, contourCount) : readComposite(file, at, contoursOf);
  };
  return (index) => ({
    contours: contoursOf(index),
    advance: file.readUInt16BE(hmtx + Math.min(index, metricCount - 1) * 4),
  });
}

function readSimple(file: Buffer, glyph: number, contourCount: number): Point[][] {
  const ends = Array.from({ length: contourCount }, (_, i) => file.readUInt16BE(glyph + 10 + i * 2));
  const total = (ends.at(-1) ?? -1) + 1;
  let at = glyph + 10 + contourCount * 2;
  at += 2 + file.readUInt16BE(at);
  const flags: number[] = [];
  while (flags.length < total) {
    const flag = file.readUInt8(at++);
    const repeat = flag & 8 ? file.readUInt8(at++) : 0;
    for (let i = 0; i <= repeat; i++) flags.push(flag);
  }
  const readAxis = (shortBit: number, sameBit: number): number[] => {
    let value = 0;
    return flags.map((flag) => {
      if (flag & shortBit) value += file.readUInt8(at++) * (flag & sameBit ? 1 : -1);
      else if (!(flag & sameBit)) {
        value += file.readInt16BE(at);
        at += 2;
      }
      return value;
    });
  };
  const xs = readAxis(2, 16);
  const ys = readAxis(4, 32);
  const points = flags.map((flag, i) => ({ x: xs[i] ?? 0, y: ys[i] ?? 0, on: (flag & 1) === 1 }));
  return ends.map((end, i) => points.slice((ends[i - 1] ?? -1) + 1, end + 1));
}

function readComposite(file: Buffer, glyph: number, contoursOf: (index: number) => Point[][]): Point[][] {
  const all: Point[][] = [];
  let at = glyph + 10;
  let flags = 0;
  do {
    flags = file.readUInt16BE(at);
    const index = file.readUInt16BE(at + 2);
    const wide = (flags & 1) !== 0;
    const dx = wide ? file.readInt16BE(at + 4) : file.readInt8(at + 4);
    const dy = wide ? file.readInt16BE(at + 6) : file.readInt8(at + 5);
    at += wide ? 8 : 6;
    const scaleCount = flags & 8 ? 1 : flags & 64 ? 2 : flags & 128 ? 4 : 0;
    const scales = Array.from({ length: scaleCount }, (_, i) => file.readInt16BE(at + i * 2) / 16384);
    at += scaleCount * 2;
    const [a = 1, b = 0, c = 0, d = a] = scaleCount === 2 ? [scales[0], 0, 0, scales[1]] : scales;
    for (const contour of contoursOf(index)) {
      all.push(contour.map((p) => ({ x: a * p.x + c * p.y + dx, y: b * p.x + d * p.y + dy, on: p.on })));
    }
  } while (flags & 32);
  return all;
}

/** TrueType omits the on-curve point between two off-curve points; it is their midpoint. */
function contourPath(contour: Point[], x: number, y: number, scale: number): string {
  const at = (p: { x: number; y: number }) => `${(x + p.x * scale).toFixed(1)} ${(y - p.y * scale).toFixed(1)}`;
  const middle = (p: Point, q: Point) => ({ x: (p.x + q.x) / 2, y: (p.y + q.y) / 2, on: true });
  const [first, last] = [contour[0], contour.at(-1)];
  if (!first || !last || contour.length < 2) return '';
  const start = first.on ? first : last.on ? last : middle(first, last);
  let d = `M${at(start)}`;
  let control: Point | undefined;
  for (const point of [...contour, start]) {
    if (point.on) d += control ? `Q${at(control)} ${at(point)}` : `L${at(point)}`;
    else if (control) d += `Q${at(control)} ${at(middle(control, point))}`;
    control = point.on ? undefined : point;
  }
  return `${d}Z`;
}
