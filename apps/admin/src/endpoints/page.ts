/** The page of endpoints, the sick ones first. */
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
  return html`<h1>Endpoints <small>${count(lines.length)}, the sick ones first</small></h1>
${table(
  ['endpoint', 'tenant', 'host', 'health', 'since', 'failures in a row', ''],
  lines.map((one) => [
    html`<span class="id">${one.id}</span>`,
    one.tenant,
    one.host,
    html`${healthBadge(one.health)} ${note(one)}`,
    one.sinceMs === null ? '–' : html`${moment(one.sinceMs)} <span class="soft">${ago(one.sinceMs, nowMs)}</span>`,
    count(one.streak),
    mayChange && (one.health === 'disabled' ? enableForm(one) : recoverForm(one)),
  ]),
  'No tenant has an endpoint.',
)}`;
}

function note({ heldUntilMs, pausedUntilMs, disabledBy }: EndpointLine): Html | string {
  if (disabledBy) return `by ${disabledBy}`;
  if (heldUntilMs !== null) return html`until ${moment(heldUntilMs)}`;
  return pausedUntilMs === null ? '' : html`paused until ${moment(pausedUntilMs)}`;
}

function enableForm({ tenant, id }: EndpointLine): Html {
  return html`<form class="inline" method="post" action="/api/endpoints/${tenant}/${id}/enable">
<input name="reason" placeholder="why" required minlength="5" maxlength="300" autocomplete="off"><button>Enable</button></form>`;
}

function recoverForm({ tenant, id }: EndpointLine): Html {
  return html`<details><summary>send again…</summary>
<form class="inline" method="post" action="/api/endpoints/${tenant}/${id}/recover">
<input name="since" type="datetime-local" required aria-label="since, UTC">
<input name="reason" placeholder="why" required minlength="5" maxlength="300" autocomplete="off"><button>Send what it missed</button></form></details>`;
}
