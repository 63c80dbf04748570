// Draws a cartoon portrait: clearly a drawing, different on each card, and not the face of a real person.
import { PORTRAIT_BOX } from './layout.ts';
import type { Random } from './random.ts';

const SKINS = ['#f6d3b3', '#eec39a', '#f9ddc4', '#e5b48a'];
const HAIRS = ['#22201f', '#3a2d26', '#4b3b30', '#15181d'];
const SHIRTS = ['#35527a', '#6d3f4c', '#3f6b54', '#59595f', '#7b5a34', '#2d2f52'];
const BACKDROPS = ['#dfe8ee', '#e7ebe2', '#eee6e3'];

export function portraitSvg(sex: '男' | '女', random: Random): string {
  const { left, top, width, height } = PORTRAIT_BOX;
  const [skin, hair, shirt] = [random.pick(SKINS), random.pick(HAIRS), random.pick(SHIRTS)];
  const face = random.int(50, 58);
  const eye = random.int(17, 23);
  const brow = random.int(-3, 3);
  const smile = random.int(3, 12);
  return `<g transform="translate(${left} ${top})">
<rect width="${width}" height="${height}" rx="8" fill="${random.pick(BACKDROPS)}" stroke="#9fb0bb" stroke-width="2"/>
<svg width="${width}" height="${height}"><g transform="translate(125 112)">
${sex === '女' ? longHair(hair, random) : ''}
<path d="M-98 152C-94 96 -50 88 0 88S94 96 98 152Z" fill="${shirt}"/><path d="M-24 60V96Q0 114 24 96V60Z" fill="${skin}"/>
<path d="M-32 92L0 122L32 92L22 86L0 106L-22 86Z" fill="#f4f4f2"/>
<ellipse rx="${face}" ry="70" fill="${skin}"/>
<ellipse cx="${-face}" cy="6" rx="8" ry="14" fill="${skin}"/><ellipse cx="${face}" cy="6" rx="8" ry="14" fill="${skin}"/>
${sex === '女' ? fringe(hair, face) : shortHair(hair, face, random)}
<ellipse cx="${-eye}" cy="2" rx="7" ry="5" fill="#fff"/><ellipse cx="${eye}" cy="2" rx="7" ry="5" fill="#fff"/>
<circle cx="${-eye}" cy="2" r="4" fill="#2a211d"/><circle cx="${eye}" cy="2" r="4" fill="#2a211d"/>
<path d="M${-eye - 11} ${-14 + brow}Q${-eye} ${-20 + brow} ${-eye + 11} -13M${eye - 11} -13Q${eye} ${-20 + brow} ${eye + 11} ${-14 + brow}" stroke="${hair}" stroke-width="4" fill="none"/>
<path d="M0 4Q8 22 -3 24" stroke="#b98863" stroke-width="3" fill="none"/>
<path d="M-15 42Q0 ${42 + smile} 15 42" stroke="#a8494a" stroke-width="4" fill="none"/>${glasses(eye, random)}
</g></svg></g>`;
}

function longHair(hair: string, random: Random): string {
  const length = random.int(70, 140);
  return `<path d="M-70 -10C-74 -96 74 -96 70 -10L74 ${length}Q0 ${length + 14} -74 ${length}Z" fill="${hair}"/>`;
}

function fringe(hair: string, face: number): string {
  return `<path d="M${-face - 4} 2C${-face - 10} -92 ${face + 10} -92 ${face + 4} 2C${face - 6} -34 20 -46 -8 -48C-20 -34 ${-face + 8} -26 ${-face - 4} 2Z" fill="${hair}"/>`;
}

function shortHair(hair: string, face: number, random: Random): string {
  const part = random.int(-20, 20);
  return `<path d="M${-face - 2} -8C${-face - 12} -90 ${face + 12} -90 ${face + 2} -8C${face - 6} -32 ${part + 20} -44 ${part} -46C${part - 20} -42 ${-face + 6} -30 ${-face - 2} -8Z" fill="${hair}"/>`;
}

function glasses(eye: number, random: Random): string {
  if (random.next() > 0.3) return '';
  return `<g fill="none" stroke="#333" stroke-width="3"><circle cx="${-eye}" cy="2" r="14"/><circle cx="${eye}" cy="2" r="14"/><path d="M${-eye + 14} 0H${eye - 14}"/></g>`;
}
