// Draws the common part of all cards of a side: desk, card body, guilloche lines, the words SPECIMEN and 样本, labels of the back.
// It is rendered once per side and size and then cached, because it is the slow part of an image.
import sharp from 'sharp';
import type { RawPicture } from './bmp.ts';
import type { Font } from './font.ts';
import { CANVAS, CARD_BOX } from './layout.ts';

export type Side = 'front' | 'back';
/** Each kind of card has a different title. */
export type CardKind = 'card' | 'permit' | 'temporary';

const INK = '#3b4a63';
const kept = new Map<string, Promise<RawPicture>>();

/** The empty card at `scale` (1 = 1000 × 630). Callers share the pixels and must not change them. */
export function background(side: Side, kind: CardKind, scale: number, font: Font): Promise<RawPicture> {
  const key = `${side} ${kind} ${scale}`;
  const known = kept.get(key);
  if (known) return known;
  const rendered = renderSvg(backgroundSvg(side, kind, font), scale);
  kept.set(key, rendered);
  return rendered;
}

/** Renders 1000 × 630 SVG content to opaque pixels at `scale`. */
export async function renderSvg(content: string, scale: number): Promise<RawPicture> {
  const { data, info } = await sharp(Buffer.from(svgOf(content, scale)))
    .flatten({ background: '#ffffff' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** Wraps content in 1000 × 630 units into an SVG document of the scaled size. */
export function svgOf(content: string, scale: number): string {
  const [width, height] = [Math.round(CANVAS.width * scale), Math.round(CANVAS.height * scale)];
  const viewBox = `0 0 ${CANVAS.width} ${CANVAS.height}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${viewBox}" preserveAspectRatio="none">${content}</svg>`;
}

function backgroundSvg(side: Side, kind: CardKind, font: Font): string {
  const { left, top, width, height } = CARD_BOX;
  const body = `x="${left}" y="${top}" width="${width}" height="${height}" rx="30"`;
  return `<defs>
<linearGradient id="desk" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#6d5a48"/><stop offset="1" stop-color="#4c3d31"/></linearGradient>
<linearGradient id="body" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#f3f6f1"/><stop offset=".5" stop-color="#e3eef3"/><stop offset="1" stop-color="#f4e9ec"/></linearGradient>
<clipPath id="card"><rect ${body}/></clipPath></defs>
<rect width="1000" height="630" fill="url(#desk)"/><rect ${body} fill="#000" opacity=".35" transform="translate(5 7)"/>
<rect ${body} fill="url(#body)"/><g clip-path="url(#card)">${guilloche(side)}${watermark(font)}</g>
${side === 'back' ? backFurniture(kind, font) : frontFurniture(kind, font)}`;
}

/** Families of sine lines and a rosette, like security printing. */
function guilloche(side: Side): string {
  const hues = side === 'front' ? ['#8fb8c9', '#c9a5b5', '#a9c3a0'] : ['#a3b9d6', '#d0b394', '#b9a8cc'];
  const lines: string[] = [];
  for (let i = 0; i < 54; i++) {
    const y = 10 + i * 12;
    let d = '';
    for (let x = 0; x <= 1000; x += 10) {
      const wave = 13 * Math.sin(x / 61 + i / 3) + 6 * Math.sin(x / 23 - i / 5);
      d += `${d ? 'L' : 'M'}${x} ${(y + wave).toFixed(1)}`;
    }
    lines.push(`<path d="${d}" stroke="${hues[i % 3]}" stroke-width="1" fill="none" opacity=".55"/>`);
  }
  const [cx, cy] = side === 'front' ? [430, 330] : [560, 300];
  for (let ring = 0; ring < 9; ring++) {
    let d = '';
    for (let step = 0; step <= 360; step += 2) {
      const angle = (step * Math.PI) / 180;
      const radius = 60 + ring * 15 + 16 * Math.sin(angle * 12 + ring);
      d += `${d ? 'L' : 'M'}${(cx + radius * Math.cos(angle)).toFixed(1)} ${(cy + radius * Math.sin(angle)).toFixed(1)}`;
    }
    lines.push(`<path d="${d}Z" stroke="${hues[ring % 3]}" stroke-width="1.1" fill="none" opacity=".5"/>`);
  }
  return lines.join('');
}

function watermark(font: Font): string {
  const words: string[] = [];
  for (const [x, y] of [
    [250, 180],
    [560, 330],
    [300, 460],
  ] as const) {
    const d = font.path('SPECIMEN 样本', { x: 0, y: 0, sizePx: 68, anchor: 'middle' });
    words.push(`<path d="${d}" transform="translate(${x} ${y}) rotate(-18)" fill="#c02f3a" opacity=".11"/>`);
  }
  return words.join('');
}

function frontFurniture(kind: CardKind, font: Font): string {
  const title = { card: '', permit: '港澳台居民居住证', temporary: '临时居民身份证' }[kind];
  const d = font.path(`${title} 样本 SPECIMEN`, { x: LABEL_LEFT, y: 62, sizePx: 25 });
  return `<path d="${d}" fill="#b3202c"/>`;
}
const LABEL_LEFT = 72;

function backFurniture(kind: CardKind, font: Font): string {
  const title = { card: '居民身份证', permit: '港澳台居民居住证', temporary: '临时居民身份证' }[kind];
  const main = font.path(title, { x: 580, y: 216, sizePx: title.length > 5 ? 62 : 78, anchor: 'middle' });
  const notice = font.path('样本 SPECIMEN · 不是证件', { x: 580, y: 118, sizePx: 40, anchor: 'middle' });
  return `<path d="${notice}" fill="#b3202c"/><path d="${main}" fill="${INK}"/>${emblem()}
<path d="M122 300H690" stroke="#b3202c" stroke-width="2" opacity=".5"/>`;
}

/** An invented round emblem, a mountain over waves, which resembles no national emblem. */
function emblem(): string {
  const rays = Array.from(
    { length: 24 },
    (_, i) => `<path d="M0 -92L5 -76H-5Z" transform="rotate(${i * 15})" fill="#c8503f"/>`,
  );
  return `<g transform="translate(166 170)">${rays.join('')}<circle r="74" fill="#f6e3c2" stroke="#b3202c" stroke-width="6"/>
<path d="M-54 24L-18 -34L4 0L20 -20L54 24Z" fill="#5c8a74"/><circle cx="30" cy="-38" r="11" fill="#d9653b"/>
<path d="M-58 34q14 -12 29 0t29 0t29 0t29 0M-48 50q12 -10 24 0t24 0t24 0t24 0" stroke="#3f6f9c" stroke-width="6" fill="none"/></g>`;
}
