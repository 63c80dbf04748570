/** The search page: form, results, and a link to older results. It searches by reference but never shows one. */
import { type Html, html } from '../pages/html.ts';
import { badge, field, select, table } from '../pages/layout.ts';
import { moment } from '../pages/words.ts';
import type { Search } from './query.ts';
import type { SearchPage } from './search.ts';

const STATES = [
  ['', 'any'],
  ['queued', 'unfinished'],
  ['succeeded', 'succeeded'],
  ['failed', 'failed'],
  ['expired', 'expired'],
  ['cancelled', 'cancelled'],
  ['erased', 'erased'],
] as const;

export function stateBadge(state: string): Html {
  if (state === 'failed' || state === 'expired') return badge(state, 'bad');
  return badge(state, state === 'succeeded' ? 'good' : state === 'queued' ? 'warn' : 'plain');
}

export function searchPage(
  search: Search,
  found: SearchPage,
  tenants: readonly string[],
  raw: Record<string, string>,
): Html {
  return html`<h1>Jobs</h1>
<form class="row card" method="get" action="/jobs">
${field('job id', html`<input name="id" value="${search.id}" placeholder="job_…" autocomplete="off" size="30">`)}
${field('reference', html`<input name="reference" value="${search.reference}" autocomplete="off">`)}
${field('tenant', select('tenant', [['', 'all'], ...tenants.map((id) => [id, id] as const)], search.tenant))}
${field('state', select('state', STATES, search.state))}
${field('failure code', html`<input name="code" value="${search.code}" autocomplete="off" size="22">`)}
${field('created after, UTC', html`<input name="created_after" type="datetime-local" value="${raw.created_after}">`)}
${field('created before, UTC', html`<input name="created_before" type="datetime-local" value="${raw.created_before}">`)}
<button>Search</button>
</form>
<h2>${found.jobs.length} found ${found.next ? html`<small>so far, newest first</small>` : null}</h2>
${table(
  ['job', 'tenant', 'state', 'failure', 'generation', 'created'],
  found.jobs.map(({ tenant, job, state, code, generation, createdAtMs }) => [
    html`<a class="id" href="/jobs/${tenant}/${job}">${job}</a>`,
    tenant,
    stateBadge(state),
    code === '-'
      ? ''
      : html`<a href="/jobs?code=${encodeURIComponent(code)}&amp;state=${state}"><code>${code}</code></a>`,
    generation,
    moment(createdAtMs),
  ]),
  search.id ? 'No tenant has a job with this id.' : found.next ? 'No match in this period.' : 'No match.',
)}
${found.next && olderLink(found, raw)}
${search.state === 'failed' || search.state === 'expired' || search.code ? bulkLink(raw) : null}`;
}

function olderLink({ next, lookedBackToMs }: SearchPage, raw: Record<string, string>): Html {
  const query = new URLSearchParams({ ...raw, cursor: next! });
  return html`<p>All jobs created after ${moment(lookedBackToMs)} were searched.
<a href="/jobs?${query.toString()}">Search older jobs</a></p>`;
}

function bulkLink(raw: Record<string, string>): Html {
  const { id: _id, reference: _reference, cursor: _cursor, limit: _limit, ...filter } = raw;
  return html`<p><a href="/bulk?${new URLSearchParams(filter).toString()}">Retry these jobs in bulk</a></p>`;
}
