/**
 * The events for an endpoint, newest first, from names only: outcomes by the submission time of their job, notices and
 * tests by their own time. Two lists of names are merged; the cursor stores the position in each.
 */
import { createdAtMs } from '@cardseal/core/job';
import type { DeliveryRef, Ledger } from '@cardseal/core/ledger';

export interface Told {
  ref: Omit<DeliveryRef, 'endpoint'>;
  eventType: string;
  /** Continues after this one. */
  cursor: string;
}

interface Named {
  name: string;
  atMs: number;
  told: Omit<Told, 'cursor'>;
}

type ReadNames = (from: string | null) => Promise<{ names: Named[]; next: string | null }>;

const PAGE = 500;

export async function* feed(
  { deliveries: { recoveries, notices } }: Pick<Ledger, 'deliveries'>,
  tenant: string,
  nowMs: number,
  cursor: string | undefined,
): AsyncGenerator<Told> {
  let [outcomeAt = null, noticeAt = null] = (cursor ?? '').split('~').map((name) => name || null);
  const outcomes = namesOf(outcomeAt, async (from) => {
    const page = await recoveries.outcomes(tenant, nowMs, from);
    const names = page.outcomes.map(({ name, job, generation, state }) => {
      const told = { ref: { tenant, job, generation }, eventType: `job.${state}` };
      return { name, atMs: createdAtMs(job), told };
    });
    return { names, next: page.next };
  });
  const others = namesOf(noticeAt, async (from) => {
    const page = await notices.page(tenant, nowMs, from, PAGE);
    const names = page.notices.map(({ name, notice, type, atMs }) => {
      return { name, atMs, told: { ref: { tenant, job: notice, generation: 1 }, eventType: type } };
    });
    return { names, next: page.next };
  });
  let [outcome, other] = await Promise.all([outcomes.next(), others.next()]);
  while (!outcome.done || !other.done) {
    const isOutcome = !outcome.done && (other.done || outcome.value.atMs >= other.value.atMs);
    const { name, told } = (isOutcome ? outcome : other).value as Named;
    if (isOutcome) outcomeAt = name;
    else noticeAt = name;
    yield { ...told, cursor: `${outcomeAt ?? ''}~${noticeAt ?? ''}` };
    if (isOutcome) outcome = await outcomes.next();
    else other = await others.next();
  }
}

async function* namesOf(start: string | null, read: ReadNames): AsyncGenerator<Named, undefined> {
  let from = start;
  for (;;) {
    const { names, next } = await read(from);
    yield* names;
    if (next === null) return;
    from = next;
  }
}
