/** The page of the audit log. */
import type { AuditEntry, AuditPage } from '@cardseal/core/audit';
import { type Html, html } from '../pages/html.ts';
import { badge, table } from '../pages/layout.ts';
import { moment } from '../pages/words.ts';

export function auditPage({ entries, next }: AuditPage): Html {
  return html`<h1>Audit <small>who did what, on what, when and why; times in UTC</small></h1>
<p><a href="/api/audit/export">Export everything</a> · <a href="/api/audit/verify">Check the chain</a></p>
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
  'Nothing yet.',
)}
${next !== null && html`<p><a href="/audit?before=${next}">Older</a></p>`}`;
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
