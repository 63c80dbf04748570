/** Reads deliveries a page at a time. Lists of an endpoint follow names in order of time, newest first. */
import type { DeliveryView } from '@cardseal/core/job';
import type { DeliveryRef } from '@cardseal/core/ledger';
import type { ApiContext } from '../../context.ts';
import { feed, type Told } from './feed.ts';
import { deliveryView, subjectView } from './view.ts';

export interface DeliveryPage {
  data: (DeliveryView & { job_id: string | null; generation: number; event_type?: string })[];
  next_cursor: string | null;
}

/** Names read for one response: the next cursor continues after them, even when nothing matched. */
const MOST_NAMES = 2000;
const AT_ONCE = 20;

export async function listUndelivered(
  context: ApiContext,
  tenant: string,
  limit: number,
  cursor: string | undefined,
): Promise<DeliveryPage> {
  const { refs, next } = await context.ledger.jobs.markers.undeliveredPage(tenant, cursor, limit);
  const data = await Promise.all(
    refs.map(async (ref) => ({
      ...deliveryView(await context.ledger.deliveries.records.read(ref), false),
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
  const data: DeliveryPage['data'] = [];
  const told = feed(context.ledger, tenant, context.clock.now(), cursor);
  let from: string | null = null;
  for (let looked = 0; looked < MOST_NAMES; looked += AT_ONCE) {
    const some = await take(told, AT_ONCE);
    const views = await Promise.all(some.map(({ ref }) => readDelivery(context, { ...ref, endpoint })));
    for (const [index, view] of views.entries()) {
      if (view && (state === undefined || view.state === state)) {
        if (data.length === limit) return { data, next_cursor: from };
        data.push({ ...view, event_type: some[index]!.eventType });
      }
      from = some[index]!.cursor;
    }
    if (some.length < AT_ONCE) return { data, next_cursor: null };
  }
  return { data, next_cursor: from };
}

async function take(told: AsyncGenerator<Told>, count: number): Promise<Told[]> {
  const some: Told[] = [];
  while (some.length < count) {
    const { value, done } = await told.next();
    if (done) break;
    some.push(value);
  }
  return some;
}

/** null when no delivery was ever owed there. */
export async function readDelivery({ ledger }: Pick<ApiContext, 'ledger'>, ref: DeliveryRef) {
  const record = await ledger.deliveries.records.read(ref);
  const open = record.last?.class !== 'delivered';
  const parked = open && (await ledger.jobs.markers.isParked(ref));
  if (record.entries === 0 && !parked && !(await ledger.jobs.markers.isOwed(ref))) return null;
  return { ...deliveryView(record, parked), ...subjectView(ref) };
}
