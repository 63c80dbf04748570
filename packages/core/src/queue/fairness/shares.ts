/**
 * Weighted fair queuing as arithmetic: every job gets a finish time in the virtual time of its class, by its tenant's
 * weight, and that time is its priority in the queue. Pure. The Lua scripts of this folder compute the same numbers.
 */

export type JobClass = 'interactive' | 'bulk';

/**
 * BullMQ accepts priorities from 1 to 2,097,151. 1 is reserved for bulk jobs that the guaranteed share brings forward.
 */
export const EXPRESS = 1;
/** The number of priorities per class. Jobs beyond it run in order of arrival until the axis is moved. */
export const SPAN = 2 ** 20 - 2;
export const BAND: Readonly<Record<JobClass, number>> = { interactive: 2, bulk: 2 + SPAN };
/**
 * Beyond this virtual time the axis is moved. A waiting job is then at most as far ahead as the move, so that ranges
 * do not overlap.
 */
export const MOVE_AT = 2 ** 19;
/**
 * After this number of interactive jobs in a row, one waiting bulk job comes first: a guaranteed share of one in ten.
 */
export const RUN_BEFORE_BULK = 9;

export interface ClassAxis {
  /** Virtual time: the finish time of the job that started last. */
  v: number;
  /** The finish time of the last job of each tenant with jobs ahead of the virtual time. */
  finish: Record<string, number>;
}

export interface Shares {
  lanes: Record<JobClass, ClassAxis>;
  /** Interactive jobs started in a row while bulk jobs waited. */
  run: number;
}

export function newShares(): Shares {
  return { lanes: { interactive: { v: 0, finish: {} }, bulk: { v: 0, finish: {} } }, run: 0 };
}

/** The priority of one more job. `cost` is its number of calls divided by its tenant's weight. */
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

/** Records a start. Returns true when the first waiting bulk job must be moved to the front. */
export function start(shares: Shares, priority: number, bulkWaits: boolean): boolean {
  const cardClass = classOf(priority);
  const lane = shares.lanes[cardClass];
  lane.v = Math.max(lane.v, priority - BAND[cardClass]);
  shares.run = cardClass === 'interactive' && bulkWaits ? shares.run + 1 : 0;
  if (shares.run < RUN_BEFORE_BULK) return false;
  shares.run = 0;
  return true;
}

/** Moves the times of one class. The caller that owns the queue moves the priorities of its jobs. */
export function moveAxis(lane: ClassAxis, by: number): void {
  lane.v -= by;
  const ahead = Object.entries(lane.finish).filter(([, at]) => at - by > lane.v);
  lane.finish = Object.fromEntries(ahead.map(([tenant, at]) => [tenant, at - by]));
}
