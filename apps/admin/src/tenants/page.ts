/** The pages of tenants and of one tenant's API keys. The secret of a key appears once, on the page after its creation. */
import { type ApiKeyRecord, SCOPES, type TenantRecord, type Versioned } from '@cardseal/core/ledger';
import { type Html, html } from '../pages/html.ts';
import { badge, field, table } from '../pages/layout.ts';
import { moment, span } from '../pages/words.ts';

export function tenantsPage(tenants: readonly Versioned<TenantRecord>[], mayChange: boolean): Html {
  return html`<h1>Tenants</h1>
${table(
  ['tenant', 'name', 'weight', 'limits of all keys', 'retention', 'created'],
  tenants.map(({ id, value }) => [
    html`<a href="/tenants/${id}">${id}</a>`,
    value.name,
    value.weight ?? 1,
    limitsText(value),
    retentionText(value),
    moment(value.createdAtMs),
  ]),
  'None yet.',
)}
${
  mayChange &&
  html`<h2>New tenant</h2><form class="row card" method="post" action="/api/tenants">
${field('id', html`<input name="id" required pattern="[a-z0-9][a-z0-9\\-]{1,39}" autocomplete="off">`)}
${field('name', html`<input name="name" maxlength="100" autocomplete="off">`)}<button>Create</button></form>`
}`;
}

export function tenantPage(
  { id, value }: Versioned<TenantRecord>,
  keys: readonly Versioned<ApiKeyRecord>[],
  mayChange: boolean,
  nowMs: number,
): Html {
  return html`<h1>${id} <small>${value.name}</small></h1>
${
  mayChange &&
  html`<form class="row card" method="post" action="/api/tenants/${id}">
${field('name', html`<input name="name" value="${value.name}" maxlength="100">`)}
${field('weight: share of the quota', html`<input name="weight" type="number" step="0.1" min="0.1" max="100" value="${value.weight ?? 1}">`)}
<button>Change</button></form>`
}
<h2>Limits of all keys together</h2>
<p>${limitsText(value)}</p>
${
  mayChange &&
  html`<form class="row card" method="post" action="/api/tenants/${id}/limits">
${numberField('requests_per_second', 'requests/s', value.limits?.requestsPerSecond)}
${numberField('cards_per_day', 'cards/day', value.limits?.cardsPerDay)}
<button>Set limits</button></form>`
}
<h2>Retention</h2>
<p>${retentionText(value)}</p>
${
  mayChange &&
  html`<form class="row card" method="post" action="/api/tenants/${id}/retention">
${numberField('retain_for', 'default, in seconds', value.retention?.defaultS, 60)}
${numberField('max_retain_for', 'maximum, in seconds', value.retention?.maximumS, 60)}
<button>Set retention</button></form>`
}
<h2>Private webhook targets</h2>
<p>${
    value.webhookTargets?.length
      ? value.webhookTargets.map((target) => html`<code>${target}</code> `)
      : 'None: webhooks of this tenant go only to public addresses.'
  }
<span class="soft">Must be within WEBHOOK_ALLOW_TARGETS. To change them, run <code>cardseal tenant set ${id} --webhook-target …</code></span></p>
<h2>API keys</h2>
${table(
  ['key', 'state', 'scopes', 'limits', 'created', 'expires', ''],
  keys.map((key) => keyRow(id, key, mayChange, nowMs)),
  'None yet.',
)}
${mayChange && newKeyForm(id)}`;
}

function limitsText({ limits = {} }: TenantRecord): string {
  const { requestsPerSecond, cardsPerDay } = limits;
  const parts = [requestsPerSecond && `${requestsPerSecond} requests/s`, cardsPerDay && `${cardsPerDay} cards/day`];
  return parts.filter(Boolean).join(', ') || 'none';
}

function retentionText({ retention = {} }: TenantRecord): string {
  const { defaultS, maximumS } = retention;
  const times = [defaultS && `${span(defaultS * 1000)}`, maximumS && `at most ${span(maximumS * 1000)}`];
  return times.filter(Boolean).join(', ') || 'the retention of the installation';
}

/** An empty field sets no limit. */
function numberField(name: string, label: string, value: number | undefined, min = 1): Html {
  return field(label, html`<input name="${name}" type="number" min="${min}" value="${value ?? ''}" size="8">`);
}

function keyRow(tenant: string, { id, value }: Versioned<ApiKeyRecord>, mayChange: boolean, nowMs: number) {
  const { scopes, limits = {}, createdAtMs, expiresAtMs, revokedAtMs } = value;
  const expired = expiresAtMs !== null && expiresAtMs <= nowMs;
  const live = revokedAtMs === null && !expired;
  return [
    html`<span class="id">${id}</span>`,
    live ? badge('live', 'good') : badge(revokedAtMs === null ? 'expired' : 'revoked', 'plain'),
    scopes.join(' '),
    Object.entries(limits).map(([name, number]) => html`${name}: ${number}<br>`),
    moment(createdAtMs),
    expiresAtMs === null ? 'never' : moment(expiresAtMs),
    mayChange && live && keyForms(tenant, id),
  ];
}

function keyForms(tenant: string, id: string): Html {
  return html`<details><summary>change…</summary>
<form class="inline" method="post" action="/api/tenants/${tenant}/keys/${id}/limits">${limitFields()}<button class="quiet">Set limits</button></form>
<form class="inline" method="post" action="/api/tenants/${tenant}/keys/${id}/revoke">
<input name="reason" placeholder="reason" required minlength="5" maxlength="300" autocomplete="off"><button class="danger">Revoke</button></form></details>`;
}

/** Checked by default: scopes that every client needs and that show no personal data. */
const DEFAULT_SCOPES: readonly string[] = ['jobs:write', 'jobs:read'];

function newKeyForm(tenant: string): Html {
  const boxes = SCOPES.map(
    (scope) =>
      html`<label class="tick"><input type="checkbox" name="scopes" value="${scope}" ${DEFAULT_SCOPES.includes(scope) && html`checked`}>${scope}</label>`,
  );
  return html`<h2>New key</h2><form class="row card" method="post" action="/api/tenants/${tenant}/keys">${boxes}
${limitFields()}${field('expires in days', html`<input name="expires_in_days" type="number" min="1" max="3650">`)}<button>Create</button></form>`;
}

function limitFields(): Html[] {
  const fields = {
    requests_per_second: 'requests/s',
    concurrency: 'concurrent requests',
    in_queue: 'unfinished jobs',
    cards_per_day: 'cards/day',
  };
  return Object.entries(fields).map(([name, label]) =>
    field(label, html`<input name="${name}" type="number" min="1" size="8">`),
  );
}

export function newKeyPage({ id, tenant, key }: { id: string; tenant: string; key: string }): Html {
  return html`<h1>Key <span class="id">${id}</span> of ${tenant}</h1>
<p class="secret"><code>${key}</code></p><p>Copy it now: it is shown only once.</p>
<p><a href="/tenants/${tenant}">Back to ${tenant}</a></p>`;
}
