/**
 * Selects the deliveries of an event that a repeated announcement may make pending. Once a delivery has a record, its
 * own marker says whether it is pending: a second marker would send the event again, although the receiver has it.
 */
import type { DeliveryRef, Ledger } from '../ledger/index.ts';

/** @param refs deliveries of one event: one job or notice, one generation. */
export async function unattemptedOf(
  { deliveries }: Pick<Ledger, 'deliveries'>,
  refs: readonly DeliveryRef[],
): Promise<DeliveryRef[]> {
  const [first] = refs;
  if (!first) return [];
  const recorded = await deliveries.records.newestNames(first.tenant, first.job);
  return refs.filter(
    ({ generation, endpoint }) =>
      !recorded.some(({ ref }) => ref.generation === generation && ref.endpoint === endpoint),
  );
}
