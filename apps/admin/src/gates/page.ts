/** The page of gates: for each credential, whether workers may call it, and why, since when and until when not. */
import type { CredentialSnapshot } from '@cardseal/pacer';
import { type Html, html } from '../pages/html.ts';
import { badge } from '../pages/layout.ts';
import { ago, count, moment, rate } from '../pages/words.ts';
import { endWords, reasonWords } from './words.ts';

export function gatesPage(gates: readonly CredentialSnapshot[] | null, mayChange: boolean, nowMs: number): Html {
  if (!gates) return html`<h1>Gates</h1><p class="empty">No worker has reported its credentials yet.</p>`;
  return html`<h1>Gates <small>one per credential; workers do not call a credential whose gate is closed</small></h1>
<div class="cards">${gates.map((one) => gateCard(one, mayChange, nowMs))}</div>`;
}

function gateCard(one: CredentialSnapshot, mayChange: boolean, nowMs: number): Html {
  const { id, gate } = one;
  const closed = gate.state === 'closed';
  return html`<section class="card" id="gate-${id}">
<h3><span class="id">${id}</span> ${badge(gate.state, closed ? 'bad' : 'good')}</h3>
${closed && html`<p>${reasonWords(gate.reason)}; ${endWords(gate)}.</p>`}
<dl>
${closed && gate.cause && html`<dt>last error</dt><dd><code>${gate.cause}</code></dd>`}
${closed && gate.since && html`<dt>closed</dt><dd>${moment(gate.since)} (${ago(gate.since, nowMs)}) by ${gate.by}</dd>`}
<dt>rate now, of nominal</dt><dd>${rate(one.currentQps)} of ${rate(one.nominalQps)} calls/s</dd>
<dt>refused in the last minute</dt><dd>${count(one.refusedLastMinute)}</dd>
<dt>used today</dt><dd>${count(one.usedToday)}${one.daily ? ` of ${count(one.daily)}` : ''}</dd>
<dt>safety margin</dt><dd>${one.marginMs.toFixed(1)} ms</dd>
</dl>
${mayChange && (closed ? openForm(id) : closeForm(id))}
</section>`;
}

function openForm(id: string): Html {
  return html`<form class="row" method="post" action="/api/gates/${id}/open">
<label class="grow"><span>reason</span><input name="reason" required minlength="5" maxlength="300" autocomplete="off"></label>
<button>Open ${id}</button></form>`;
}

function closeForm(id: string): Html {
  return html`<form class="row" method="post" action="/api/gates/${id}/close">
<label class="grow"><span>reason</span><input name="reason" required minlength="5" maxlength="300" autocomplete="off"></label>
<label><span>until, UTC (empty: until opened)</span><input name="until" type="datetime-local"></label>
<button class="danger">Close ${id}</button></form>`;
}
