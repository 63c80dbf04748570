// Draws one side of a specimen as SVG layers: text and portrait, the damage of a scenario, and the machine-readable symbol.
// The symbol is a separate layer, because it is drawn after the image was damaged on purpose.
import type { Font } from './font.ts';
import { CANVAS, CARD_BOX, MARK_BOXES, MARK_MARGIN, type TextRun } from './layout.ts';
import type { Random } from './random.ts';
import type { SymbolMatrix } from './symbol.ts';

const TEXT_INK = '#1d1f24';
const LABEL_INK = '#2f6d8f';

export function runsSvg(runs: TextRun[], font: Font): string {
  const drawn = (wanted: boolean) =>
    runs.filter((run) => (run.field !== undefined) === wanted).map((run) => font.path(run.text, run));
  return `<path d="${drawn(false).join('')}" fill="${LABEL_INK}"/><path d="${drawn(true).join('')}" fill="${TEXT_INK}"/>`;
}

/** Panel and symbol. Ink and paper follow the exposure of the image, with enough contrast for the reader. */
export function symbolSvg(matrix: SymbolMatrix, side: 'front' | 'back', ink: string, paper: string): string {
  const { left, top, width } = MARK_BOXES[side];
  const module = width / matrix.side;
  let d = '';
  for (let row = 0; row < matrix.side; row++) {
    for (let column = 0; column < matrix.side; column++) {
      if (!matrix.modules[row * matrix.side + column]) continue;
      let length = 1;
      while (column + length < matrix.side && matrix.modules[row * matrix.side + column + length]) length++;
      const [x, y] = [left + column * module, top + row * module];
      d += `M${x.toFixed(2)} ${y.toFixed(2)}h${(length * module).toFixed(2)}v${(module + 0.1).toFixed(2)}h${(-length * module).toFixed(2)}Z`;
      column += length - 1;
    }
  }
  const size = width + 2 * MARK_MARGIN;
  const panel = `<rect x="${left - MARK_MARGIN}" y="${top - MARK_MARGIN}" width="${size}" height="${size}" rx="8" fill="${paper}"/>`;
  return `${panel}<path d="${d}" fill="${ink}"/>`;
}

/** Interference stripes and the grid of a display, as in a photo of a screen. */
export function screenSvg(): string {
  const lines: string[] = [];
  for (let i = 0; i < 60; i++) {
    let d = '';
    for (let x = 0; x <= 1000; x += 20)
      d += `${d ? 'L' : 'M'}${x} ${(i * 11 + x * 0.06 + 9 * Math.sin(x / 140 + i / 9)).toFixed(1)}`;
    lines.push(`<path d="${d}" stroke="${i % 2 ? '#3050ff' : '#20d0a0'}" stroke-width="4" fill="none" opacity=".16"/>`);
  }
  const glare =
    '<ellipse cx="300" cy="140" rx="330" ry="90" fill="#fff" opacity=".22" transform="rotate(-24 300 140)"/>';
  return `${lines.join('')}${glare}<rect width="1000" height="630" fill="none" stroke="#0c0d10" stroke-width="26"/>`;
}

/** A patch over the name and the number in a different tone, as after an edit. */
export function editSvg(): string {
  return `<rect x="160" y="80" width="250" height="56" fill="#fbf6dd"/><rect x="252" y="508" width="424" height="58" fill="#fbf6dd"/>
<rect x="160" y="80" width="250" height="56" fill="none" stroke="#d8cfa6"/><rect x="252" y="508" width="424" height="58" fill="none" stroke="#d8cfa6"/>`;
}

/** The frame of a photocopy: toner specks and a dark edge. */
export function copySvg(random: Random): string {
  let d = '';
  for (let i = 0; i < 260; i++)
    d += `M${random.int(0, 999)} ${random.int(0, 629)}h${random.int(1, 3)}v${random.int(1, 2)}h-2Z`;
  return `<path d="${d}" fill="#222" opacity=".55"/><path d="M0 0H1000V12H0ZM0 0H9V630H0Z" fill="#333" opacity=".6"/>`;
}

/** An image without a card: a cup on a table near a window, different for each number. */
export function stillLifeSvg(n: number, random: Random, font: Font): string {
  const hue = (n * 47) % 360;
  const [cupX, plantX] = [random.int(330, 520), random.int(690, 850)];
  const leaves = Array.from({ length: random.int(7, 12) }, () => {
    const turn = random.int(-75, 75);
    const length = random.int(90, 190);
    return `<path d="M0 0Q${random.int(20, 40)} ${-length / 2} 0 ${-length}Q-30 ${-length / 2} 0 0Z" fill="hsl(${random.int(95, 145)} 40% ${random.int(28, 46)}%)" transform="rotate(${turn})"/>`;
  });
  const label = font.path(`茶 ${n}`, { x: cupX, y: 430, sizePx: 46, anchor: 'middle' });
  return `<rect width="${CANVAS.width}" height="${CANVAS.height}" fill="hsl(${hue} 30% 82%)"/>
<rect x="60" y="40" width="250" height="300" fill="#cfe6f7" stroke="#fff" stroke-width="16"/><path d="M185 40V340M60 190H310" stroke="#fff" stroke-width="10"/>
<circle cx="${random.int(110, 250)}" cy="${random.int(80, 150)}" r="26" fill="#ffd873"/><rect y="470" width="1000" height="160" fill="#9a6d47"/>
<path d="M0 ${random.int(500, 530)}H1000M0 ${random.int(560, 590)}H1000" stroke="#835a38" stroke-width="5"/>
<g transform="translate(${plantX} 390)">${leaves.join('')}<path d="M-62 0H62L46 130H-46Z" fill="#b9573a"/></g>
<path d="M${cupX + 90} 360a60 50 0 1 1 0 104" stroke="hsl(${hue + 160} 45% 45%)" stroke-width="22" fill="none"/>
<path d="M${cupX - 110} 330H${cupX + 110}L${cupX + 84} 530H${cupX - 84}Z" fill="hsl(${hue + 160} 45% 45%)"/><ellipse cx="${cupX}" cy="330" rx="110" ry="24" fill="#5b3419"/>
<path d="${label}" fill="#fff" opacity=".9"/><path d="M${cupX - 40} 290q-20 -40 6 -70t0 -70M${cupX + 30} 290q20 -40 -6 -70t0 -70" stroke="#fff" stroke-width="7" fill="none" opacity=".6"/>`;
}

/** Prints the number of the card in its corner, so that a reader can find its line in the truth file. */
export function serialSvg(n: number, font: Font): string {
  const d = font.path(`No. ${String(n).padStart(4, '0')}`, {
    x: CARD_BOX.left + 26,
    y: CARD_BOX.top + CARD_BOX.height - 10,
    sizePx: 17,
  });
  return `<path d="${d}" fill="#7a8794"/>`;
}
