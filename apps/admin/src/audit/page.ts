/** The page of the audit log. */
import { AUDIT_ACTIONS, type AuditEntry, type AuditPage } from '@cardseal/core/ledger/audit';
import { type Html, html } from '../pages/html.ts';
import { badge, field, select, table } from '../pages/layout.ts';
import { moment } from '../pages/words.ts';

const ACTIONS = [['', 'anything'], ...AUDIT_ACTIONS.map((action) => [action, action] as const)] as const;

/** @param raw the query as the browser sent it. */
export function auditPage({ entries, next }: AuditPage, raw: Record<string, string>): Html {
  return html`<h1>Audit <small>who did what, to which object, when and why; times in UTC</small></h1>
<p><a href="/api/audit/export">Export everything</a> · <a href="/api/audit/verify">Check the chain</a></p>
<form class="row card" method="get" action="/audit">
${field('job', html`<input name="job" value="${raw.job}" placeholder="job_…" autocomplete="off" size="30">`)}
${field('who', html`<input name="user" value="${raw.user}" autocomplete="off">`)}
${field('what', select('action', ACTIONS, raw.action))}
<button>Search</button></form>
${table(
  ['no.', 'when', 'who', 'what', 'on what', 'why', ''],
  entries.map((entry) => [
    entry.seq,
    moment(Date.parse(entry.at)),
    html`${entry.who} <span class="soft">${entry.role}</span>`,
    entry.action,
    targetPart(entry),
    entry.reason ?? '–',
    detailPart(entry),
  ]),
  next === null ? 'Nothing.' : 'Nothing among these.',
)}
${next !== null && html`<p>Down to no. ${next}. <a href="/audit?${new URLSearchParams({ ...raw, before: String(next) }).toString()}">Older</a></p>`}`;
}

function targetPart({ target }: AuditEntry): Html {
  const { tenant, job, ...rest } = target;
  const others = Object.entries(rest).map(
    ([name, value]) => html`<span class="soft">${name}</span> <span class="id">${value}</span> `,
  );
  const link = tenant && job ? html`<a class="id" href="/jobs/${tenant}/${job}">${job}</a> ` : job;
  return html`${tenant && html`<span class="soft">tenant</span> ${tenant} `}${link}${others}`;
}

function detailPart({ detail = {} }: AuditEntry): Html[] {
  return Object.entries(detail).map(([name, value]) =>
    name === 'failed' ? badge(`failed: ${value}`, 'bad') : html`<span class="soft">${name}</span> ${String(value)} `,
  );
}
