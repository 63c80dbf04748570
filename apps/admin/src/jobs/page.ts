/** The page of one job: state, timeline, deliveries, masked result, and the actions that the role allows. */

import { deliverJobId } from '@cardseal/core/queue';
import type { CardFields, Result } from '@cardseal/idcard/card';
import { mayActAs, type Role } from '../auth/session.ts';
import { type Html, html } from '../pages/html.ts';
import { badge, table } from '../pages/layout.ts';
import { moment, span } from '../pages/words.ts';
import { stateBadge } from '../search/page.ts';
import type { OperatorView } from './read.ts';
import type { Moment } from './timeline.ts';

/** How many of the newest audit entries the page searches for entries about the job. */
export const AUDIT_SEARCHED = 200;

export function jobPage(view: OperatorView, timeline: readonly Moment[], role: Role): Html {
  const { tenant, job, state, waitingFor, sides, generations } = view;
  const operator = mayActAs(role, 'operator');
  const retryable = generations.at(-1)?.retryable ?? false;
  return html`<h1><span class="id">${job}</span> ${stateBadge(state)}</h1>
<section class="card"><dl class="wide">
<dt>tenant</dt><dd>${tenant}</dd>
<dt>created</dt><dd>${moment(view.createdAtMs)} UTC</dd>
<dt>generation</dt><dd>${view.generation}${waitingFor ? `, waiting for ${waitingFor}` : ''}</dd>
<dt>sides</dt><dd>${sides.map(({ side, kept, recognized }) => html`${side}: ${recognized ? 'recognised' : 'not recognised'}, image ${kept ? 'stored' : 'deleted'}. `)}</dd>
${view.expiresAtMs !== null && html`<dt>expires</dt><dd>${moment(view.expiresAtMs)}</dd>`}
${view.apiKeyId && html`<dt>API key</dt><dd class="id">${view.apiKeyId}</dd>`}
</dl>
${operator && retryable && retryForm(tenant, job)}</section>
<h2>Timeline <small>times in UTC</small></h2>
<section class="card"><ol class="line">${timeline.map((one, at) => momentLine(one, timeline[at - 1]))}</ol>
${operator && auditNote(job, role)}</section>
<h2>Deliveries</h2>
${table(
  ['endpoint', 'generation', 'state', 'attempts', 'last response', 'next attempt', ''],
  view.deliveries.map((one) => deliveryRow(one, operator)),
  'No endpoint received this outcome.',
)}
${view.result && resultPart(view, view.result, operator)}`;
}

function auditNote(job: string, role: Role): Html {
  const all = mayActAs(role, 'owner') && html` <a href="/audit?job=${job}">Show all</a>`;
  return html`<p class="soft">Includes actions of operators from the newest ${AUDIT_SEARCHED} audit entries.${all}</p>`;
}

function momentLine({ atMs, tone, what }: Moment, before: Moment | undefined): Html {
  const wait =
    before && atMs - before.atMs >= 1000 ? html` <span class="soft">+${span(atMs - before.atMs)}</span>` : null;
  return html`<li class="${tone}">${moment(atMs)}${wait} ${what}</li>`;
}

function deliveryRow({ ref, state, tries }: OperatorView['deliveries'][0], operator: boolean) {
  const last = tries.at(-1);
  const tone = state === 'delivered' ? 'good' : state === 'undelivered' ? 'warn' : 'bad';
  const resend = html`<form class="inline" method="post" action="/api/deliveries/${ref.tenant}/${deliverJobId(ref)}/resend">
<input name="reason" placeholder="why" required minlength="5" maxlength="300" autocomplete="off"><button class="quiet">Send again</button></form>`;
  return [
    html`<span class="id">${ref.endpoint}</span>`,
    ref.generation,
    badge(state, tone),
    tries.filter((one) => one.class !== 'resent').length,
    last ? `${last.class}${last.status === null ? '' : ` ${last.status}`}` : '–',
    state === 'undelivered' ? moment(last?.nextAtMs) : '–',
    operator && resend,
  ];
}

function retryForm(tenant: string, job: string): Html {
  return html`<form class="row" method="post" action="/api/jobs/${tenant}/${job}/retry">
<label class="grow"><span>reason</span><input name="reason" required minlength="5" maxlength="300" autocomplete="off"></label>
<button>Retry</button></form>`;
}

function resultPart(view: OperatorView, result: Result, operator: boolean): Html {
  return html`<h2>Result <small>masked</small></h2>
${resultTable(result)}
${
  operator &&
  html`<form class="row card" method="post" action="/api/jobs/${view.tenant}/${view.job}/reveal">
<label class="grow"><span>reason to see the full result; the audit log keeps it with your name</span>
<input name="reason" required minlength="10" maxlength="300" autocomplete="off"></label>
<button class="danger">Show in full</button></form>`
}`;
}

export function resultTable(result: Result): Html {
  const card = Object.entries(result.card as Partial<CardFields>);
  const tone = result.verdict === 'clear' ? 'good' : result.verdict === 'review' ? 'warn' : 'bad';
  return html`<section class="card"><p>Verdict ${badge(result.verdict, tone)}</p>
<dl class="wide">${card.map(([name, value]) => html`<dt>${name.replaceAll('_', ' ')}</dt><dd>${String(value)}</dd>`)}</dl>
<p class="soft">${result.checks
    .filter(({ outcome }) => outcome !== 'pass')
    .map(({ code, outcome, side }) => html`${code} ${side ?? ''}: ${outcome}. `)}</p></section>`;
}
