/** Stopping an endpoint and taking it into use again; what was kept for it meanwhile comes back in the background. */
import type { EndpointRecord, Versioned } from '@cardseal/core/ledger';
import type { ApiContext } from '../context.ts';
import { startRecovery } from './recover.ts';
import { present } from './view.ts';

export async function disable({ ledger }: ApiContext, tenant: string, id: string): Promise<Versioned<EndpointRecord>> {
  const change = (value: EndpointRecord): EndpointRecord =>
    value.state === 'enabled' ? { ...value, state: 'disabled', disabledBy: 'owner' } : value;
  return present(await ledger.endpoints.change(tenant, id, change));
}

export async function enable(context: ApiContext, tenant: string, id: string): Promise<Versioned<EndpointRecord>> {
  const { ledger, clock } = context;
  const enabled = present(await ledger.endpoints.change(tenant, id, (value) => enabledAgain(value, clock.now())));
  // Also when it was enabled already: an earlier call may have died before it came to this.
  await startRecovery(context, tenant, id, { kind: 'parked', sinceMs: 0, untilMs: clock.now() });
  return enabled;
}

function enabledAgain({ disabledBy: _reason, ...value }: EndpointRecord, nowMs: number): EndpointRecord {
  if (value.state !== 'disabled') return value;
  const health = { state: 'healthy' as const, sinceMs: nowMs, change: (value.health?.change ?? 0) + 1 };
  return { ...value, state: 'enabled', health };
}
