/** Disables an endpoint and enables it again. Parked deliveries are then sent in the background. */
import type { EndpointRecord, Versioned } from '@cardseal/core/ledger';
import { enableEndpoint } from '@cardseal/core/use-cases';
import type { ApiContext } from '../../context.ts';
import { stillPresent } from './view.ts';

export async function disable(
  { ledger, clock }: ApiContext,
  tenant: string,
  id: string,
): Promise<Versioned<EndpointRecord>> {
  const disabledAtMs = clock.now();
  const change = (value: EndpointRecord): EndpointRecord =>
    value.state === 'enabled' ? { ...value, state: 'disabled', disabledBy: 'owner', disabledAtMs } : value;
  return stillPresent(await ledger.tenants.endpoints.change(tenant, id, change), { tenant, endpoint: id });
}

export async function enable(context: ApiContext, tenant: string, id: string): Promise<Versioned<EndpointRecord>> {
  return stillPresent(await enableEndpoint(context, tenant, id), { tenant, endpoint: id });
}
