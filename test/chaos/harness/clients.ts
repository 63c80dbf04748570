/** The tenants of a chaos run. Each has its own key and endpoint and repeats requests as the contract requires. */

import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '@cardseal/base/clock';
import { createApiKey, createTenant } from '@cardseal/core/access';
import type { JobId } from '@cardseal/core/job';
import { type Ledger, SCOPES } from '@cardseal/core/ledger';
import type { TestStack } from '../../support/stack.ts';
import type { Inbox } from './inbox.ts';

const RETRY_MS = 200;

export interface Client {
  tenant: string;
  apiKey: string;
}

export async function createClients(app: TestStack, ledger: Ledger, inbox: Inbox, count: number): Promise<Client[]> {
  const { tenant, apiKey } = app.stack.info;
  const clients: Client[] = [{ tenant, apiKey }];
  for (let n = 2; n <= count; n++) {
    const other = `tenant-${n}`;
    await createTenant(ledger, systemClock, other, other);
    const { key } = await createApiKey(ledger, systemClock, { tenant: other, env: 'dev', scopes: [...SCOPES] });
    clients.push({ tenant: other, apiKey: key });
  }
  for (const client of clients) {
    const { status, body } = await ask(
      app,
      client,
      'POST',
      '/v1/webhook-endpoints',
      jsonBody({ url: inbox.urlOf(client.tenant) }),
    );
    if (status !== 201) throw new Error(`endpoint of ${client.tenant}: ${status}`);
    inbox.verifyWith(client.tenant, body.secret);
  }
  return clients;
}

export async function ask(app: TestStack, { apiKey }: Client, method: string, route: string, init: RequestInit = {}) {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${apiKey}`);
  const response = await fetch(app.stack.info.apiUrl + route, { ...init, method, headers });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

export async function untilAccepted(app: TestStack, client: Client, request: RequestInit): Promise<JobId> {
  for (;;) {
    const timed = { ...request, signal: AbortSignal.timeout(15_000) };
    const response = await ask(app, client, 'POST', '/v1/jobs', timed).catch(() => null);
    if (response?.status === 202) return response.body.id;
    if (response && response.status < 500 && response.status !== 429) throw new Error(`submit: ${response.status}`);
    await delay(RETRY_MS);
  }
}

export function jsonBody(body: object, idempotencyKey?: string): RequestInit {
  const key = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...key } };
}
