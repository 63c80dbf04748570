/** Invariants of the model world when no work is left, whatever was killed before. Returns the violations. */
import { TENANT, type World } from './world.ts';

export function faultsAtRest(world: World): string[] {
  const faults = [...world.violations];
  const names = [...world.objects.keys()];
  const under = (prefix: string) => names.filter((name) => name.startsWith(prefix));
  const own = under(`jobs/${TENANT}/${world.job}/`).map((name) => name.split('/')[3]!);

  if (under('pending/').length > 0) faults.push(`pending markers are left: ${under('pending/')}`);
  if (under('undelivered/').length > 0) faults.push(`undelivered markers are left: ${under('undelivered/')}`);
  if (own.includes('tombstone')) faults.push(...faultsOfErased(world, own, under(`keys/${TENANT}/${world.job}`)));
  else if (own.includes('request')) faults.push(...faultsOfLiving(world, own));
  else faults.push(...faultsOfAbsent(world, names));

  // A mistake in the model appears as a defect of the worker, and would turn every scenario into a failure.
  if (world.received.some(({ body }) => body.includes('internal_defect'))) faults.push('an internal defect');
  if (world.received.some(({ body }) => body.includes('picture_missing')))
    faults.push('a worker ran without the image');
  const bodies = Map.groupBy(world.received, ({ id }) => id);
  for (const [id, events] of bodies) {
    if (new Set(events.map(({ body }) => body)).size > 1) faults.push(`${id} was sent with different bytes`);
  }
  return faults;
}

function faultsOfErased({ acknowledged, received }: World, own: string[], keys: string[]): string[] {
  const faults: string[] = [];
  if (own.length > 1) faults.push(`erased, but there is ${own.filter((name) => name !== 'tombstone')}`);
  if (keys.length > 0) faults.push('erased, but its key is there');
  if (!received.some(({ type }) => type === 'job.erased')) faults.push('no event announced the erasure');
  if (!acknowledged.includes('submit') && !acknowledged.includes('erase'))
    faults.push('erased a job that was never accepted');
  return faults;
}

function faultsOfLiving({ acknowledged, received }: World, own: string[]): string[] {
  const faults: string[] = [];
  if (acknowledged.includes('erase')) faults.push('the erasure was acknowledged, but the job still exists');
  const outcomes = own.filter((name) => name.startsWith('outcome.'));
  if (outcomes.length === 0) faults.push('accepted, but without an outcome');
  const events = new Set(received.map(({ id }) => id));
  if (events.size !== outcomes.length) faults.push(`${outcomes.length} outcomes, ${events.size} events`);
  const cancelled = received.some(({ type }) => type === 'job.cancelled');
  if (acknowledged.includes('cancel') && !cancelled)
    faults.push('the cancellation was acknowledged, but is not the outcome');
  return faults;
}

/** A submit that was never acknowledged leaves nothing behind. */
function faultsOfAbsent({ acknowledged, job }: World, names: string[]): string[] {
  if (acknowledged.includes('submit')) return ['answered 202, but there is no job'];
  const inverted = names.filter((name) => name.startsWith(`index/${TENANT}/`));
  const left = names.filter((name) => name.includes(job)).concat(inverted);
  return left.length === 0 ? [] : [`an unacknowledged submit left ${left}`];
}
