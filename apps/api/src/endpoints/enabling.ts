/** Stopping an endpoint and taking it into use again; what was kept for it meanwhile comes back in the background. */
import type { EndpointRecord, Versioned } from '@cardseal/core/ledger';
import { enableEndpoint } from '@cardseal/core/queue';
import type { ApiContext } from '../context.ts';
import { present } from './view.ts';

export async function disable(
  { ledger, clock }: ApiContext,
  tenant: string,
  id: string,
): Promise<Versioned<EndpointRecord>> {
  const disabledAtMs = clock.now();
  const change = (value: EndpointRecord): EndpointRecord =>
    value.state === 'enabled' ? { ...value, state: 'disabled', disabledBy: 'owner', disabledAtMs } : value;
  return present(await ledger.endpoints.change(tenant, id, change));
}

export async function enable(context: ApiContext, tenant: string, id: string): Promise<Versioned<EndpointRecord>> {
  return present(await enableEndpoint(context, tenant, id));
}
