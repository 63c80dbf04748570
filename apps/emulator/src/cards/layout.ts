// The layout of a specimen of 1000 × 630 pixels. The drawing and the reader's boxes share it.
// All lengths are pixels of that size. The reader maps them to its image by the corners of the mark.
import type { Font } from './font.ts';
import type { BackText, FrontText } from './people.ts';

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A run of text. `field` is the provider's name for it; labels have none. */
export interface TextRun {
  text: string;
  x: number;
  y: number;
  sizePx: number;
  pitchPx?: number;
  field?: string;
}

export const CANVAS = { width: 1000, height: 630 };
/** The card on the desk. */
export const CARD_BOX: Box = { left: 24, top: 15, width: 952, height: 600 };
export const PORTRAIT_BOX: Box = { left: 672, top: 70, width: 250, height: 262 };
/** Outer corners of the symbol, per side. A light panel surrounds it. */
export const MARK_BOXES: Record<'front' | 'back', Box> = {
  front: { left: 707, top: 372, width: 200, height: 200 },
  back: { left: 724, top: 352, width: 200, height: 200 },
};
export const MARK_MARGIN = 18;

const ADDRESS_CHARS_PER_LINE = 12;
const LABEL_X = 72;
const VALUE_X = 172;

export function frontRuns(text: FrontText): TextRun[] {
  const runs: TextRun[] = [
    { text: '姓 名', x: LABEL_X, y: 118, sizePx: 27 },
    { text: text.name, x: VALUE_X, y: 120, sizePx: 36, field: '姓名' },
    { text: '性 别', x: LABEL_X, y: 184, sizePx: 27 },
    { text: text.sex, x: VALUE_X, y: 185, sizePx: 32, field: '性别' },
    { text: '出 生', x: LABEL_X, y: 250, sizePx: 27 },
    ...birthRuns(text.birth),
    { text: '住 址', x: LABEL_X, y: 316, sizePx: 27 },
    ...addressLines(text.address).map((line, i) => ({
      text: line,
      x: VALUE_X,
      y: 317 + i * 46,
      sizePx: 31,
      field: '住址',
    })),
    { text: '公民身份号码', x: LABEL_X, y: 548, sizePx: 27 },
    { text: text.number, x: 262, y: 550, sizePx: 36, pitchPx: 22.5, field: '公民身份号码' },
  ];
  if (text.ethnicity === '') return runs;
  return [
    ...runs,
    { text: '民 族', x: 262, y: 184, sizePx: 27 },
    { text: text.ethnicity, x: 352, y: 185, sizePx: 32, field: '民族' },
  ];
}

export function backRuns(text: BackText): TextRun[] {
  const period = [
    { text: dotted(text.from), x: 262, field: '签发日期' },
    { text: text.until === '长期' ? text.until : dotted(text.until), x: 462, field: '失效日期' },
  ];
  return [
    { text: '签发机关', x: 122, y: 478, sizePx: 28 },
    { text: text.authority, x: 262, y: 479, sizePx: 32, field: '签发机关' },
    { text: '有效期限', x: 122, y: 548, sizePx: 28 },
    ...period.map((run) => ({ ...run, y: 549, sizePx: 32 })),
    { text: '-', x: 441, y: 549, sizePx: 32 },
  ];
}

/** The box of every field. The lines of one field become one box. */
export function fieldBoxes(runs: TextRun[], font: Font): Map<string, Box> {
  const boxes = new Map<string, Box>();
  for (const run of runs) {
    if (run.field === undefined) continue;
    const width = font.width(run.text, run.sizePx, run.pitchPx);
    const box = { left: run.x, top: run.y - run.sizePx * 0.88, width, height: run.sizePx * 1.05 };
    const known = boxes.get(run.field);
    boxes.set(run.field, known ? join(known, box) : box);
  }
  return boxes;
}

function birthRuns(birth: string): TextRun[] {
  const [year, month, day] = [birth.slice(0, 4), String(Number(birth.slice(4, 6))), String(Number(birth.slice(6)))];
  const at = (text: string, x: number): TextRun => ({ text, x, y: 251, sizePx: 32, field: '出生' });
  const label = (text: string, x: number): TextRun => ({ text, x, y: 250, sizePx: 27 });
  return [at(year, VALUE_X), label('年', 256), at(month, 304), label('月', 346), at(day, 392), label('日', 434)];
}

function addressLines(address: string): string[] {
  const chars = [...address];
  const lines: string[] = [];
  for (let i = 0; i < chars.length; i += ADDRESS_CHARS_PER_LINE) {
    lines.push(chars.slice(i, i + ADDRESS_CHARS_PER_LINE).join(''));
  }
  return lines;
}

function dotted(date: string): string {
  return `${date.slice(0, 4)}.${date.slice(4, 6)}.${date.slice(6)}`;
}

function join(a: Box, b: Box): Box {
  const left = Math.min(a.left, b.left);
  const top = Math.min(a.top, b.top);
  return {
    left,
    top,
    width: Math.max(a.left + a.width, b.left + b.width) - left,
    height: Math.max(a.top + a.height, b.top + b.height) - top,
  };
}
