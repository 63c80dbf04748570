/** The page layout: navigation, current user, and links. It contains no inline script or style. */
import type { Session } from '../auth/session.ts';
import { type Html, html, type Part } from './html.ts';

const NAVIGATION = [
  ['/', 'Overview'],
  ['/jobs', 'Jobs'],
  ['/bulk', 'Bulk retry'],
  ['/gates', 'Gates'],
  ['/endpoints', 'Endpoints'],
  ['/tenants', 'Tenants'],
  ['/queues', 'Queues'],
  ['/audit', 'Audit'],
] as const;

export interface PageParts {
  title: string;
  /** The path in the navigation that this page belongs to. */
  place: (typeof NAVIGATION)[number][0] | null;
  session: Session | null;
  body: Part;
  /** The interval in seconds at which the page reloads its main part. */
  refreshS?: number | null;
}

export function page({ title, place, session, body, refreshS }: PageParts): string {
  const links = NAVIGATION.map(
    ([path, name]) => html`<a href="${path}" ${path === place ? html`aria-current="page"` : null}>${name}</a>`,
  );
  const who = session
    ? html`<form class="who" method="post" action="/logout">
        <span>${session.user} · ${session.role}</span><button class="quiet">Log out</button>
      </form>`
    : null;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Cardseal</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/style.css">
<script src="/static/live.js" defer></script>
</head>
<body>
<header><a class="brand" href="/">Cardseal</a><nav>${session ? links : null}</nav>${who}</header>
<main ${refreshS ? html`data-refresh="${refreshS}"` : null}>${body}</main>
</body>
</html>`.text;
}

export function table(heads: readonly Part[], rows: readonly (readonly Part[])[], empty: string): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  return html`<div class="scroll"><table>
<thead><tr>${heads.map((head) => html`<th>${head}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;
}

/** A word in the colour of its tone. */
export function badge(word: string, tone: 'good' | 'bad' | 'warn' | 'plain' = 'plain'): Html {
  return html`<span class="badge ${tone}">${word}</span>`;
}

export function field(label: string, control: Part): Html {
  return html`<label><span>${label}</span>${control}</label>`;
}

export function select(
  name: string,
  options: readonly (readonly [string, string])[],
  chosen: string | undefined,
): Html {
  return html`<select name="${name}">${options.map(
    ([value, label]) =>
      html`<option value="${value}" ${value === (chosen ?? '') ? html`selected` : null}>${label}</option>`,
  )}</select>`;
}
