/** The page of webhook endpoints, failing endpoints first. */
import { type Html, html } from '../pages/html.ts';
import { badge, table } from '../pages/layout.ts';
import { ago, count, moment } from '../pages/words.ts';
import type { EndpointLine, Health } from './read.ts';

const TONES: Record<Health, 'good' | 'bad' | 'warn'> = {
  healthy: 'good',
  failing: 'bad',
  disabled: 'bad',
  held: 'warn',
};

export function healthBadge(health: Health): Html {
  return badge(health, TONES[health]);
}

export function endpointsPage(lines: readonly EndpointLine[], mayChange: boolean, nowMs: number): Html {
  return html`<h1>Endpoints <small>${count(lines.length)}, failing endpoints first</small></h1>
${table(
  ['endpoint', 'tenant', 'host', 'health', 'reason', 'since', 'failures in a row', ''],
  lines.map((one) => [
    html`<span class="id">${one.id}</span>`,
    one.tenant,
    one.host,
    html`${healthBadge(one.health)} ${note(one)}${one.unheard && html` ${badge('tell the tenant', 'bad')}`}`,
    one.cause === null ? '–' : `${one.cause.class}${one.cause.status === null ? '' : ` ${one.cause.status}`}`,
    one.sinceMs === null ? '–' : html`${moment(one.sinceMs)} <span class="soft">${ago(one.sinceMs, nowMs)}</span>`,
    count(one.streak),
    mayChange && (one.health === 'disabled' ? enableForm(one) : recoverForm(one)),
  ]),
  'No tenant has an endpoint.',
)}
${
  lines.some(({ unheard }) => unheard) &&
  html`<p class="soft">“Tell the tenant”: the tenant has no other endpoint that receives <code>endpoint.failing</code> or
<code>endpoint.disabled</code>, so Cardseal cannot report the problem to it.</p>`
}`;
}

function note({ heldUntilMs, pausedUntilMs, disabledBy }: EndpointLine): Html | string {
  if (disabledBy) return `by ${disabledBy}`;
  if (heldUntilMs !== null) return html`until ${moment(heldUntilMs)}`;
  return pausedUntilMs === null ? '' : html`paused until ${moment(pausedUntilMs)}`;
}

function enableForm({ tenant, id }: EndpointLine): Html {
  return html`<form class="inline" method="post" action="/api/endpoints/${tenant}/${id}/enable">
<input name="reason" placeholder="reason" required minlength="5" maxlength="300" autocomplete="off"><button>Enable</button></form>`;
}

function recoverForm({ tenant, id }: EndpointLine): Html {
  return html`<details><summary>send again…</summary>
<form class="inline" method="post" action="/api/endpoints/${tenant}/${id}/recover"><input type="hidden" name="dry_run" value="true">
<input name="since" type="datetime-local" required aria-label="since, UTC"><button>Count</button></form></details>`;
}

export interface RecoverCount {
  tenant: string;
  id: string;
  since: string;
  until: string;
  counts: { outcomes: number; complete: boolean };
}

/** The number of outcomes that a recovery covers, and the form that starts it. */
export function recoverPage({ tenant, id, since, until, counts }: RecoverCount): Html {
  return html`<h1>Send again <span class="id">${id}</span> <small>${tenant}</small></h1>
<section class="card"><p>${counts.complete ? '' : 'At least '}${count(counts.outcomes)} outcomes of jobs submitted from
${moment(Date.parse(since))} to ${moment(Date.parse(until))} UTC. The recovery sends those that were not delivered.</p>
<form class="row" method="post" action="/api/endpoints/${tenant}/${id}/recover">
<input type="hidden" name="since" value="${since}"><input type="hidden" name="until" value="${until}">
<label class="grow"><span>reason</span><input name="reason" required minlength="5" maxlength="300" autocomplete="off"></label>
<button>Send missed outcomes</button></form></section>`;
}
