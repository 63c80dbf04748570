/** What stays how long: pictures, jobs, and jobs with a time of their own. */
import { describe, expect, it } from 'vitest';
import { plainJpeg } from '../support/images.ts';
import { createWorld, ENDPOINT, type Operation, TENANT, type World, type WorldSettings } from './world.ts';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const picture = await plainJpeg();

async function lived(operations: Operation[], settings: WorldSettings = {}, provider: World['provider'] = []) {
  const world = await createWorld(picture, settings);
  world.provider.push(...provider);
  for (const operation of operations) await world.perform(world.process(), operation);
  const has = (name: string) => world.objects.has(`jobs/${TENANT}/${world.job}/${name}`);
  const after = async (ms: number, ...next: Operation[]) => {
    world.advance(ms);
    for (const operation of next) await world.perform(world.process(), operation);
  };
  return { world, has, after };
}

describe('retention', () => {
  it('takes the picture of a card that succeeded at once, and of one that failed after the retry window', async () => {
    const good = await lived(['submit', 'work']);
    expect([good.has('front.image'), good.has('outcome.1')]).toEqual([false, true]);
    const bad = await lived(['submit', 'work'], {}, ['defect']);
    await bad.after(71 * HOUR_MS, 'due');
    expect(bad.has('front.image')).toBe(true);
    await bad.after(2 * HOUR_MS, 'due');
    expect([bad.has('front.image'), bad.has('outcome.1'), bad.has('tombstone')]).toEqual([false, true, false]);
    expect([...bad.world.objects.keys()].filter((name) => name.startsWith('due/'))).toEqual([]);
  });

  it('leaves the picture to a retry that is at work when the window ends', async () => {
    const { has, after } = await lived(['submit', 'work', 'retry'], {}, ['defect']);
    await after(73 * HOUR_MS, 'due');
    expect(has('front.image')).toBe(true);
    await after(0, 'work');
    expect([has('front.image'), has('outcome.2')]).toEqual([false, true]);
  });

  it('erases a job after seven days, and not before', async () => {
    const { world, has, after } = await lived(['submit', 'work', 'deliver']);
    await after(6 * DAY_MS, 'sweep');
    expect(has('request')).toBe(true);
    await after(2 * DAY_MS, 'sweep', 'deliver');
    expect([has('request'), has('tombstone')]).toEqual([false, true]);
    expect(world.received.at(-1)).toMatchObject({ type: 'job.erased' });
    expect(world.received.at(-1)!.body).toContain('"reason":"retention"');
    expect([...world.objects.keys()].filter((name) => name.startsWith('index/'))).toEqual([]);
  });

  it("keeps to the job's own time, shorter or longer", async () => {
    const short = await lived(['submit', 'work'], { retainForS: 3600 });
    await short.after(HOUR_MS + 1000, 'due');
    expect(short.has('tombstone')).toBe(true);
    const long = await lived(['submit', 'work'], { retainForS: 30 * 86_400 });
    await long.after(20 * DAY_MS, 'due', 'sweep');
    expect(long.has('request')).toBe(true);
    await long.after(11 * DAY_MS, 'due', 'sweep');
    expect(long.has('tombstone')).toBe(true);
  });

  it('counts a deadline from the submit that was accepted, not from one that died long before', async () => {
    // Wherever the first one dies: the job's id, and the names that it wrote, are an hour old.
    for (let dieAfterWrites = 0; dieAfterWrites < 5; dieAfterWrites++) {
      const { world, has, after } = await lived([], { expiresInS: 600 });
      const died = world.process({ dieAfterWrites });
      expect(await died.run(() => world.perform(died, 'submit'))).toBe('dead');
      await after(HOUR_MS, 'submit', 'due');
      expect([has('request'), has('outcome.1')]).toEqual([true, false]);
      await after(599_000, 'due');
      expect(has('outcome.1')).toBe(false);
      await after(2000, 'due');
      expect(has('outcome.1')).toBe(true);
    }
  });

  it('never touches a job without an outcome', async () => {
    const { has, after } = await lived(['submit']);
    await after(60 * DAY_MS, 'due', 'sweep');
    expect([has('request'), has('front.image')]).toEqual([true, true]);
  });

  it('forgets a notice and its tries when its time has come', async () => {
    const { world, after } = await lived(['submit', 'work', 'deliver', 'erase', 'deliver']);
    const notices = () => [...world.objects.keys()].filter((name) => /^(notices|noticed|deliveries)\//.test(name));
    expect(world.received.at(-1)).toMatchObject({ type: 'job.erased' });
    expect(notices()).toHaveLength(3);
    await after(6 * DAY_MS, 'sweep');
    expect(notices()).toHaveLength(3);
    await after(2 * DAY_MS, 'sweep');
    expect(notices()).toEqual([]);
  });

  it('takes what is parked along with its job, and with its endpoint', async () => {
    const { world, has } = await lived(['submit', 'work']);
    const parked = () => [...world.objects.keys()].filter((name) => name.startsWith('parked/'));
    await world.changeEndpoint('disabled');
    await world.perform(world.process(), 'deliver');
    expect(parked()).toEqual([`parked/${TENANT}/${ENDPOINT}/${world.job}.1`]);
    await world.perform(world.process(), 'erase');
    expect([has('tombstone'), parked()]).toEqual([true, []]);

    const other = await lived(['submit', 'work']);
    await other.world.changeEndpoint('disabled');
    await other.world.perform(other.world.process(), 'deliver');
    await other.world.changeEndpoint('deleted');
    await other.world.perform(other.world.process(), 'sweep');
    expect([...other.world.objects.keys()].filter((name) => name.startsWith('parked/'))).toEqual([]);
  });
});
