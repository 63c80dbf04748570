/** The pages of bulk retry: the filter with a count, and one run with its progress. */
import type { BulkRetryRecord, Versioned } from '@cardseal/core/ledger';
import { type Html, html } from '../pages/html.ts';
import { badge, field, select, table } from '../pages/layout.ts';
import { count, moment, span } from '../pages/words.ts';
import type { DryRun } from './selection.ts';

type Run = Versioned<BulkRetryRecord>;

export interface BulkPageParts {
  runs: readonly Run[];
  dry: DryRun | null;
  raw: Record<string, string>;
  tenants: readonly string[];
  mayStart: boolean;
}

export function bulkPage({ runs, dry, raw, tenants, mayStart }: BulkPageParts): Html {
  return html`<h1>Bulk retry <small>runs failed and expired jobs again; each gets a new outcome and a new webhook</small></h1>
<form class="row card" method="get" action="/bulk">
${field('tenant', select('tenant', [['', 'all'], ...tenants.map((id) => [id, id] as const)], raw.tenant))}
${field(
  'ended as',
  select(
    'state',
    [
      ['', 'failed or expired'],
      ['failed', 'failed'],
      ['expired', 'expired'],
    ],
    raw.state,
  ),
)}
${field('failure code', html`<input name="code" value="${raw.code}" autocomplete="off" size="24">`)}
${field('created after, UTC', html`<input name="created_after" type="datetime-local" value="${raw.created_after}">`)}
${field('created before, UTC', html`<input name="created_before" type="datetime-local" value="${raw.created_before}">`)}
<button>Count</button></form>
${dry && dryPart(dry, raw, mayStart)}
<h2>Runs</h2>
${table(
  ['run', 'state', 'filter', 'retried', 'skipped', 'by', 'started'],
  runs.map(({ id, value }) => [
    html`<a class="id" href="/bulk/${id}">${id}</a>`,
    runBadge(value),
    filterText(value),
    `${count(value.retried)} of ${count(value.expected)}`,
    count(sum(value.skipped)),
    value.by,
    moment(value.startedAtMs),
  ]),
  'None yet.',
)}`;
}

function dryPart(
  { count: found, leftOut, complete, sample }: DryRun,
  raw: Record<string, string>,
  mayStart: boolean,
): Html {
  const hidden = Object.entries(raw).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return html`<h2>${complete ? '' : 'At least '}${count(found)} jobs match</h2>
${
  sum(leftOut) > 0 &&
  html`<p>${count(sum(leftOut))} are skipped because they can never succeed: the image was refused or is deleted.
${Object.entries(leftOut).map(([code, number]) => html`<code>${code}</code> ${count(number)} `)}</p>`
}
${table(
  ['example', 'tenant', 'failure', 'created'],
  sample.map(({ job, tenant, code, createdAtMs }) => [
    html`<a class="id" href="/jobs/${tenant}/${job}">${job}</a>`,
    tenant,
    html`<code>${code}</code>`,
    moment(createdAtMs),
  ]),
  'Nothing matches.',
)}
${
  mayStart &&
  found > 0 &&
  html`<form class="row card" method="post" action="/api/bulk-retries">${hidden}
${field('jobs a second', html`<input name="per_second" type="number" min="1" max="200" value="10">`)}
<label class="grow"><span>reason</span><input name="reason" required minlength="5" maxlength="300" autocomplete="off"></label>
<button>Retry ${count(found)}</button></form>`
}`;
}

export function runPage({ id, value }: Run, mayCancel: boolean, nowMs: number): Html {
  const { state, expected, retried, skipped, perSecond, startedAtMs, endedAtMs, by, reason } = value;
  const done = retried + sum(skipped);
  const total = Math.max(expected, done, 1);
  const restMs = Math.max(0, (expected - done) / perSecond) * 1000;
  return html`<h1><span class="id">${id}</span> ${runBadge(value)}</h1>
<section class="card"><progress max="${total}" value="${state === 'finished' ? total : done}"></progress>
<p>${count(retried)} retried and ${count(sum(skipped))} skipped of ${count(expected)} counted.
${state === 'running' && html`About ${span(restMs)} left at ${perSecond} a second.`}</p>
<dl class="wide"><dt>filter</dt><dd>${filterText(value)}</dd><dt>reason</dt><dd>${reason}</dd><dt>by</dt><dd>${by}</dd>
<dt>started</dt><dd>${moment(startedAtMs)} UTC</dd>
<dt>${endedAtMs === null ? 'running for' : 'took'}</dt><dd>${span((endedAtMs ?? nowMs) - startedAtMs)}</dd>
${Object.entries(skipped).map(([code, number]) => html`<dt><code>${code}</code></dt><dd>${count(number)} skipped</dd>`)}</dl>
${mayCancel && state === 'running' && html`<form method="post" action="/api/bulk-retries/${id}/cancel"><button class="danger">Cancel</button></form>`}
</section>`;
}

function runBadge({ state }: BulkRetryRecord): Html {
  return badge(state, state === 'finished' ? 'good' : state === 'running' ? 'warn' : 'plain');
}

function filterText({ query }: BulkRetryRecord): Html {
  const { tenant, state, code, createdAfterMs, createdBeforeMs } = query;
  return html`${state ?? 'failed or expired'}${code && html` with <code>${code}</code>`}, ${tenant ?? 'all tenants'}
${createdAfterMs !== null && html`, created after ${moment(createdAfterMs)}`}${createdBeforeMs !== null && html`, before ${moment(createdBeforeMs)}`}`;
}

export function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, number) => total + number, 0);
}
