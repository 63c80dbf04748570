/** What must be true of the model's world when all is quiet, whatever was killed on the way. Returns what is not. */
import { TENANT, type World } from './world.ts';

export function faultsAtRest(world: World): string[] {
  const faults = [...world.violations];
  const names = [...world.objects.keys()];
  const under = (prefix: string) => names.filter((name) => name.startsWith(prefix));
  const own = under(`jobs/${TENANT}/${world.job}/`).map((name) => name.split('/')[3]!);

  if (under('pending/').length > 0) faults.push(`pending stands: ${under('pending/')}`);
  if (under('undelivered/').length > 0) faults.push(`undelivered stands: ${under('undelivered/')}`);
  if (own.includes('tombstone')) faults.push(...faultsOfErased(world, own, under(`keys/${TENANT}/${world.job}`)));
  else if (own.includes('request')) faults.push(...faultsOfLiving(world, own));
  else faults.push(...faultsOfAbsent(world, names));

  // A mistake in the model shows as a defect of the worker, and would make every scenario one of failure.
  if (world.received.some(({ body }) => body.includes('internal_defect'))) faults.push('an internal defect');
  if (world.received.some(({ body }) => body.includes('picture_missing'))) faults.push('at work without its picture');
  const bodies = Map.groupBy(world.received, ({ id }) => id);
  for (const [id, events] of bodies) {
    if (new Set(events.map(({ body }) => body)).size > 1) faults.push(`${id} was sent with different bytes`);
  }
  return faults;
}

function faultsOfErased({ told, received }: World, own: string[], keys: string[]): string[] {
  const faults: string[] = [];
  if (own.length > 1) faults.push(`erased, but there is ${own.filter((name) => name !== 'tombstone')}`);
  if (keys.length > 0) faults.push('erased, but its key is there');
  if (!received.some(({ type }) => type === 'job.erased')) faults.push('the erasure was not told');
  if (!told.includes('submit') && !told.includes('erase')) faults.push('erased what was never accepted');
  return faults;
}

function faultsOfLiving({ told, received }: World, own: string[]): string[] {
  const faults: string[] = [];
  if (told.includes('erase')) faults.push('the erasure was answered, but the job lives');
  const outcomes = own.filter((name) => name.startsWith('outcome.'));
  if (outcomes.length === 0) faults.push('accepted, but without an outcome');
  const events = new Set(received.map(({ id }) => id));
  if (events.size !== outcomes.length) faults.push(`${outcomes.length} outcomes, ${events.size} events`);
  const cancelled = received.some(({ type }) => type === 'job.cancelled');
  if (told.includes('cancel') && !cancelled) faults.push('the cancellation was answered, but is not the outcome');
  return faults;
}

/** A submit that was never answered leaves nothing behind. */
function faultsOfAbsent({ told, job }: World, names: string[]): string[] {
  if (told.includes('submit')) return ['answered 202, but there is no job'];
  const inverted = names.filter((name) => name.startsWith(`index/${TENANT}/`));
  const left = names.filter((name) => name.includes(job)).concat(inverted);
  return left.length === 0 ? [] : [`an unanswered submit left ${left}`];
}
