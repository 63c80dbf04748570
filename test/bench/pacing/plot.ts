/** Plots calls per 100 ms against the limit, one panel per pacer, as an SVG without scripts or font files. */

export interface Panel {
  title: string;
  bins: readonly (readonly [accepted: number, refused: number])[];
}

const WIDTH = 960;
const PANEL_HEIGHT = 130;
const LEFT = 46;

export function plotSvg(heading: string, limitPerBin: number, panels: readonly Panel[]): string {
  const height = 40 + panels.length * (PANEL_HEIGHT + 40);
  const body = panels.map((panel, index) => drawPanel(panel, limitPerBin, 50 + index * (PANEL_HEIGHT + 40)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="22" font-size="15">${heading}</text>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ title, bins }: Panel, limitPerBin: number, top: number): string {
  const highest = Math.max(limitPerBin * 2, ...bins.map(([accepted, refused]) => accepted + refused));
  const scale = PANEL_HEIGHT / highest;
  const step = (WIDTH - LEFT - 10) / bins.length;
  const base = top + PANEL_HEIGHT;
  const bar = (index: number, from: number, count: number, fill: string) =>
    count === 0
      ? ''
      : `<rect x="${(LEFT + index * step).toFixed(1)}" y="${(base - (from + count) * scale).toFixed(1)}" width="${(step * 0.85).toFixed(1)}" height="${(count * scale).toFixed(1)}" fill="${fill}"/>`;
  const bars = bins.flatMap(([accepted, refused], index) => [
    bar(index, 0, accepted, '#2a7f62'),
    bar(index, accepted, refused, '#c8372d'),
  ]);
  const limitY = (base - limitPerBin * scale).toFixed(1);
  return [
    `<text x="${LEFT}" y="${top - 6}">${title}</text>`,
    ...bars.filter(Boolean),
    `<line x1="${LEFT}" x2="${WIDTH - 10}" y1="${limitY}" y2="${limitY}" stroke="#222" stroke-dasharray="5 3"/>`,
    `<line x1="${LEFT}" x2="${WIDTH - 10}" y1="${base}" y2="${base}" stroke="#999"/>`,
    `<text x="${LEFT - 6}" y="${limitY}" text-anchor="end" dominant-baseline="middle">${limitPerBin}</text>`,
    `<text x="${LEFT - 6}" y="${base}" text-anchor="end">0</text>`,
  ].join('\n');
}
