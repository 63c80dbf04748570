/** Draws calls a second in the last hour as SVG: bars for calls, lines for the nominal and the learned limit. */
import { type Html, html } from '../pages/html.ts';
import { rate } from '../pages/words.ts';
import type { CallsSample } from './view.ts';

const WIDTH = 460;
const HEIGHT = 130;
const LEFT = 34;
const BOTTOM = 18;
const TOP = 8;
const HOUR_MS = 3_600_000;

export function callsPlot(samples: readonly CallsSample[], nowMs: number): Html {
  if (samples.length === 0) return html`<p class="soft">The first samples appear within a minute.</p>`;
  const highest = Math.max(
    1,
    ...samples.map((one) => Math.max(one.calls / one.seconds, one.nominalQps, one.currentQps)),
  );
  const x = (atMs: number) => LEFT + ((WIDTH - LEFT) * (atMs - nowMs + HOUR_MS)) / HOUR_MS;
  const y = (qps: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - qps / (highest * 1.1));
  const bars = samples.map((one) => {
    const from = x(one.atMs - one.seconds * 1000);
    const width = Math.max(1, x(one.atMs) - from - 0.4);
    const qps = one.calls / one.seconds;
    const shut = one.open ? null : rect('shut', from, TOP, width + 0.4, HEIGHT - TOP - BOTTOM);
    const refused = one.refused / one.seconds;
    const red =
      refused > 0 ? rect('refused', from, y(Math.min(qps, refused)), width, y(0) - y(Math.min(qps, refused))) : null;
    return html`${shut}${rect('calls', from, y(qps), width, y(0) - y(qps))}${red}`;
  });
  const path = (of: (one: CallsSample) => number) =>
    samples.map((one, at) => `${at === 0 ? 'M' : 'L'}${x(one.atMs).toFixed(1)} ${y(of(one)).toFixed(1)}`).join('');
  const nominal = samples.at(-1)!.nominalQps;
  const label = `calls a second in the last hour, with the limit of ${rate(nominal)}`;
  return html`<svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
${bars}<path class="learned" d="${path((one) => one.currentQps)}"/><path class="limit" d="${path((one) => one.nominalQps)}"/>
<line class="axis" x1="${LEFT}" x2="${WIDTH}" y1="${y(0)}" y2="${y(0)}" stroke-width="1"/>
<text x="${LEFT - 4}" y="${y(nominal) + 3}" text-anchor="end">${rate(nominal)}</text><text x="${LEFT - 4}" y="${y(0)}" text-anchor="end">0</text>
<text x="${LEFT}" y="${HEIGHT - 4}">1 h ago</text><text x="${WIDTH}" y="${HEIGHT - 4}" text-anchor="end">now</text></svg>`;
}

function rect(kind: string, x: number, y: number, width: number, height: number): Html {
  return html`<rect class="${kind}" x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${Math.max(0, height).toFixed(1)}"/>`;
}
