/** The overview page: problems, pipeline of jobs, quota, webhook endpoints, last incidents. */
import { healthBadge } from '../endpoints/page.ts';
import { endWords, reasonWords } from '../gates/words.ts';
import { type Html, html } from '../pages/html.ts';
import { badge, table } from '../pages/layout.ts';
import { ago, count, moment, rate, span } from '../pages/words.ts';
import { diagnose } from './diagnose.ts';
import { callsPlot } from './plot.ts';
import { type CredentialView, type Overview, STEPS, type Step } from './view.ts';

export function overviewPage(view: Overview): Html {
  return html`<h1>Overview <small>${moment(view.atMs)} UTC · ${workersWords(view)}</small></h1>
${nowPart(view)}
<h2>Pipeline</h2>
<ol class="way">${STEPS.map((step) => stepPart(step, view))}</ol>
<h2>Quota <small>calls a second in the last hour; line: limit; dashes: learned rate; red: refused calls</small></h2>
${view.credentials === null ? html`<p class="empty">Unknown: no worker has reported its credentials, or Redis is down.</p>` : html`<div class="cards">${view.credentials.map((one) => credentialPart(one, view.atMs))}</div>`}
<h2>Webhook endpoints</h2>
${endpointsPart(view)}
<h2>Last incidents</h2>
${table(
  ['when', 'what'],
  view.incidents.map(({ atMs, what, href }) => [
    html`${moment(atMs)} <span class="soft">${ago(atMs, view.atMs)}</span>`,
    href ? html`<a href="${href}">${what}</a>` : what,
  ]),
  'None.',
)}`;
}

function workersWords({ workers, workersStarting, workerState }: Overview): string {
  if (workers === null) return 'workers unknown';
  if (workerState === 'starting') return 'workers are starting';
  const running = workers === 1 ? '1 worker' : `${count(workers)} workers`;
  return workersStarting ? `${running}, ${count(workersStarting)} starting` : running;
}

function nowPart(view: Overview): Html {
  const troubles = diagnose(view);
  if (troubles.length === 0)
    return html`<ul class="now"><li class="good"><b>All is well.</b> No failures and no long waits.</li></ul>`;
  return html`<ul class="now">${troubles.map(
    ({ tone, what, advice, href }) =>
      html`<li class="${tone}"><b>${what}</b>${advice} ${href ? html`<a href="${href}">Details</a>` : null}</li>`,
  )}</ul>`;
}

const WAITING: Record<Step, string> = {
  accepted: '',
  queued: 'waiting',
  recognising: 'running',
  outcome: '',
  delivering: 'waiting',
  delivered: '',
};
const FAILING: Record<Step, string> = {
  accepted: '',
  queued: '',
  recognising: 'refused, last minute',
  outcome: 'failed, 10 min',
  delivering: 'failing endpoints',
  delivered: 'failed',
};
const LINKS: Record<Step, string> = {
  accepted: '/jobs',
  queued: '/jobs?state=queued',
  recognising: '/gates',
  outcome: '/jobs?state=failed',
  delivering: '/endpoints',
  delivered: '/queues/queue/deliver',
};

function stepPart(step: Step, { steps, ended }: Overview): Html {
  const { perMinute, waiting, oldestMs, failing } = steps[step];
  const big = WAITING[step] ? waiting : perMinute;
  const unknown = perMinute === null && waiting === null;
  const tone = unknown ? 'warn' : failing ? 'bad' : '';
  return html`<li class="${tone}"><h3><a href="${LINKS[step]}">${step}</a></h3>
<span class="big">${big === null ? '–' : WAITING[step] ? count(big) : rate(big)}</span> <span class="unit">${WAITING[step] || 'a minute'}</span>
<dl>${WAITING[step] && perMinute !== null && html`<dt>a minute</dt><dd>${rate(perMinute)}</dd>`}
${oldestMs !== null && html`<dt>oldest</dt><dd>${span(oldestMs)}</dd>`}
${FAILING[step] && failing !== null && html`<dt>${FAILING[step]}</dt><dd>${failing > 0 ? badge(count(failing), 'bad') : '0'}</dd>`}
${step === 'outcome' && ended && html`<dt>in the last hour</dt><dd>${count(ended.reduce((sum, number) => sum + number, 0))}</dd>`}</dl></li>`;
}

function credentialPart(one: CredentialView, nowMs: number): Html {
  const { id, gate, currentQps, nominalQps, usedToday, daily, refusedLastMinute } = one;
  const closed = gate.state === 'closed';
  return html`<section class="card"><h3><a class="id" href="/gates#gate-${id}">${id}</a> ${badge(gate.state, closed ? 'bad' : 'good')}</h3>
${closed && html`<p>${reasonWords(gate.reason)}; ${endWords(gate)}${gate.since && html`. Closed ${ago(gate.since, nowMs)}`}.</p>`}
<dl><dt>rate now, of nominal</dt><dd>${rate(currentQps)} of ${rate(nominalQps)} calls/s</dd>
<dt>used today</dt><dd>${count(usedToday)}${daily ? ` of ${count(daily)}` : ''}</dd>
<dt>refused, last minute</dt><dd>${count(refusedLastMinute)}</dd></dl>
${daily ? html`<progress max="${daily}" value="${Math.min(daily, usedToday)}"></progress>` : null}
${callsPlot(one.samples, nowMs)}</section>`;
}

function endpointsPart({ endpoints, atMs }: Overview): Html {
  if (!endpoints) return html`<p class="empty">Unknown: the object store does not answer.</p>`;
  const { counts, sick } = endpoints;
  const words = html`<p>${(['healthy', 'failing', 'held', 'disabled'] as const).map((health) => html`${counts[health] > 0 ? healthBadge(health) : badge(health)} ${count(counts[health])} `)}</p>`;
  if (sick.length === 0) return words;
  return html`${words}${table(
    ['host', 'tenant', 'health', 'since'],
    sick
      .slice(0, 8)
      .map(({ host, tenant, health, sinceMs }) => [
        host,
        tenant,
        healthBadge(health),
        sinceMs === null ? '–' : html`${moment(sinceMs)} <span class="soft">${ago(sinceMs, atMs)}</span>`,
      ]),
    '',
  )}`;
}
