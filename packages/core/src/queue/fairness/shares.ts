/**
 * Who comes next, as arithmetic: every card gets a finish time in the virtual time of its class, by its tenant's
 * weight, and that time is its priority in the queue. Pure; the Lua beside it does the same, number by number.
 */

export type JobClass = 'interactive' | 'bulk';

/** The queue knows priorities from 1 to 2,097,151; 1 is kept for bulk cards whose turn the floor has brought. */
export const EXPRESS = 1;
/** Priorities of one class. Cards beyond it are in order of arrival until the axis has been moved. */
export const SPAN = 2 ** 20 - 2;
export const BAND: Readonly<Record<JobClass, number>> = { interactive: 2, bulk: 2 + SPAN };
/** Past this virtual time the axis is moved. What waits is then at most as far ahead as it was moved: nothing overlaps. */
export const MOVE_AT = 2 ** 19;
/** After so many interactive cards in a row one bulk card comes first, if one waits: a floor of one in ten. */
export const RUN_BEFORE_BULK = 9;

export interface ClassAxis {
  /** Virtual time: the finish time of the card that was started last. */
  v: number;
  /** Finish time of the last card of each tenant that has cards ahead of the virtual time. */
  finish: Record<string, number>;
}

export interface Shares {
  lanes: Record<JobClass, ClassAxis>;
  /** Interactive cards started in a row while bulk waited. */
  run: number;
}

export function newShares(): Shares {
  return { lanes: { interactive: { v: 0, finish: {} }, bulk: { v: 0, finish: {} } }, run: 0 };
}

/** The priority of one more card. `cost` is its calls divided by its tenant's weight. */
export function place(shares: Shares, cardClass: JobClass, tenant: string, cost: number): number {
  const lane = shares.lanes[cardClass];
  const at = Math.max(lane.finish[tenant] ?? 0, lane.v) + cost;
  lane.finish[tenant] = at;
  return priorityAt(cardClass, at);
}

function priorityAt(cardClass: JobClass, at: number): number {
  return BAND[cardClass] + Math.min(SPAN - 1, Math.floor(at));
}

export function classOf(priority: number): JobClass {
  return priority < BAND.bulk ? 'interactive' : 'bulk';
}

/** A card was started. True when the first waiting bulk card must now be put in front of all. */
export function start(shares: Shares, priority: number, bulkWaits: boolean): boolean {
  const cardClass = classOf(priority);
  const lane = shares.lanes[cardClass];
  lane.v = Math.max(lane.v, priority - BAND[cardClass]);
  shares.run = cardClass === 'interactive' && bulkWaits ? shares.run + 1 : 0;
  if (shares.run < RUN_BEFORE_BULK) return false;
  shares.run = 0;
  return true;
}

/** Moves a lane's own times; the priorities of its cards are moved by whoever holds the queue. */
export function moveAxis(lane: ClassAxis, by: number): void {
  lane.v -= by;
  const ahead = Object.entries(lane.finish).filter(([, at]) => at - by > lane.v);
  lane.finish = Object.fromEntries(ahead.map(([tenant, at]) => [tenant, at - by]));
}
