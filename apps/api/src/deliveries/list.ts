/** Reads deliveries a page at a time. Lists of an endpoint follow the index, so that the newest cards come first. */
import type { DeliveryView } from '@cardseal/core/job';
import type { DeliveryRef, OutcomeName } from '@cardseal/core/ledger';
import type { ApiContext } from '../context.ts';
import { deliveryView, subjectView } from './view.ts';

export interface DeliveryPage {
  data: (DeliveryView & { job_id: string | null; generation: number })[];
  next_cursor: string | null;
}

/** Pages of names looked at for one answer: the next cursor goes on behind them, even when nothing was found. */
const NAME_PAGES = 4;
const AT_ONCE = 20;

export async function listUndelivered(
  context: ApiContext,
  tenant: string,
  limit: number,
  cursor: string | undefined,
): Promise<DeliveryPage> {
  const { refs, next } = await context.ledger.markers.undeliveredPage(tenant, cursor, limit);
  const data = await Promise.all(
    refs.map(async (ref) => ({
      ...deliveryView(await context.ledger.deliveries.read(ref), false),
      ...subjectView(ref),
    })),
  );
  return { data, next_cursor: next };
}

export async function listOfEndpoint(
  context: ApiContext,
  tenant: string,
  endpoint: string,
  { limit, cursor, state }: { limit: number; cursor?: string | undefined; state?: string | undefined },
): Promise<DeliveryPage> {
  const { ledger, clock } = context;
  const data: DeliveryPage['data'] = [];
  let from: string | null = cursor ?? null;
  for (let page = 0; page < NAME_PAGES; page++) {
    const found = await ledger.recoveries.outcomes(tenant, clock.now(), from);
    for (let at = 0; at < found.outcomes.length; at += AT_ONCE) {
      const some = found.outcomes.slice(at, at + AT_ONCE);
      const views = await Promise.all(some.map((name) => viewOf(context, tenant, endpoint, name)));
      for (const [index, view] of views.entries()) {
        if (!view || (state !== undefined && view.state !== state)) continue;
        if (data.length === limit) return { data, next_cursor: from! };
        data.push(view);
        from = some[index]!.name;
      }
    }
    if (found.next === null) return { data, next_cursor: null };
    from = found.next;
    if (data.length === limit) break;
  }
  return { data, next_cursor: from };
}

async function viewOf(context: ApiContext, tenant: string, endpoint: string, { job, generation }: OutcomeName) {
  return readDelivery(context, { tenant, job, generation, endpoint });
}

/** null when nothing was ever owed there. */
export async function readDelivery({ ledger }: Pick<ApiContext, 'ledger'>, ref: DeliveryRef) {
  const record = await ledger.deliveries.read(ref);
  const open = record.last?.class !== 'delivered';
  const parked = open && (await ledger.markers.isParked(ref));
  if (record.entries === 0 && !parked && !(await ledger.markers.isOwed(ref))) return null;
  return { ...deliveryView(record, parked), ...subjectView(ref) };
}
