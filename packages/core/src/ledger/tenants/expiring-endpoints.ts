/**
 * Endpoint records that may expire. From its expiry on, every reader sees the endpoint as deleted, so that it gets no new
 * deliveries even if no process has written the deletion yet. The retention sweep of a worker writes it later.
 */
import type { Clock } from '@cardseal/base/clock';
import type { Records, Versioned } from './records.ts';
import type { EndpointRecord } from './registry.ts';

export function expiringEndpoints(records: Records<EndpointRecord>, clock: Clock): Records<EndpointRecord> {
  const current = (value: EndpointRecord): EndpointRecord =>
    value.expiresAtMs && value.expiresAtMs <= clock.now() ? deletedEndpoint(value) : value;
  const seen = (record: Versioned<EndpointRecord>) => ({ ...record, value: current(record.value) });
  return {
    ...records,
    async get(tenant, id) {
      const record = await records.get(tenant, id);
      return record && seen(record);
    },
    list: async (tenant) => (await records.list(tenant)).map(seen),
    change: (tenant, id, change) => records.change(tenant, id, (value) => change(current(value))),
  };
}

/** The record stays, so that late deliveries see the deletion. Its secrets and headers are removed. */
export function deletedEndpoint(value: EndpointRecord): EndpointRecord {
  return { ...value, state: 'deleted', secrets: [], headers: {} };
}

/** Whether an expired endpoint must still be written as deleted. */
export function isDeletionDue({ state, expiresAtMs }: EndpointRecord): boolean {
  return state === 'deleted' && typeof expiresAtMs === 'number';
}
