/** Retention of images and jobs, with the default period and with a period per job. */
import { describe, expect, it } from 'vitest';
import { plainJpeg } from '../support/images.ts';
import { createWorld, ENDPOINT, type Operation, TENANT, type World, type WorldSettings } from './world.ts';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const image = await plainJpeg();

async function runAll(operations: Operation[], settings: WorldSettings = {}, provider: World['provider'] = []) {
  const world = await createWorld(image, settings);
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
  it('deletes the image of a succeeded job at once, and that of a failed job after the retry window', async () => {
    const good = await runAll(['submit', 'work']);
    expect([good.has('front.image'), good.has('outcome.1')]).toEqual([false, true]);
    const bad = await runAll(['submit', 'work'], {}, ['defect']);
    await bad.after(71 * HOUR_MS, 'due');
    expect(bad.has('front.image')).toBe(true);
    await bad.after(2 * HOUR_MS, 'due');
    expect([bad.has('front.image'), bad.has('outcome.1'), bad.has('tombstone')]).toEqual([false, true, false]);
    expect([...bad.world.objects.keys()].filter((name) => name.startsWith('due/'))).toEqual([]);
  });

  it('keeps the image for a retry that is running when the window ends', async () => {
    const { has, after } = await runAll(['submit', 'work', 'retry'], {}, ['defect']);
    await after(73 * HOUR_MS, 'due');
    expect(has('front.image')).toBe(true);
    await after(0, 'work');
    expect([has('front.image'), has('outcome.2')]).toEqual([false, true]);
  });

  it('erases a job after seven days, not earlier', async () => {
    const { world, has, after } = await runAll(['submit', 'work', 'deliver']);
    await after(6 * DAY_MS, 'sweep');
    expect(has('request')).toBe(true);
    await after(2 * DAY_MS, 'sweep', 'deliver');
    expect([has('request'), has('tombstone')]).toEqual([false, true]);
    expect(world.received.at(-1)).toMatchObject({ type: 'job.erased' });
    expect(world.received.at(-1)!.body).toContain('"reason":"retention"');
    expect([...world.objects.keys()].filter((name) => name.startsWith('index/'))).toEqual([]);
  });

  it('respects the retention period of a job, shorter or longer', async () => {
    const short = await runAll(['submit', 'work'], { retainForS: 3600 });
    await short.after(HOUR_MS + 1000, 'due');
    expect(short.has('tombstone')).toBe(true);
    const long = await runAll(['submit', 'work'], { retainForS: 30 * 86_400 });
    await long.after(20 * DAY_MS, 'due', 'sweep');
    expect(long.has('request')).toBe(true);
    await long.after(11 * DAY_MS, 'due', 'sweep');
    expect(long.has('tombstone')).toBe(true);
  });

  it('counts a deadline from the accepted submit, not from an earlier attempt that crashed', async () => {
    // Wherever the first submit crashes, its job id and the names that it wrote are an hour old.
    for (let dieAfterWrites = 0; dieAfterWrites < 5; dieAfterWrites++) {
      const { world, has, after } = await runAll([], { expiresInS: 600 });
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
    const { has, after } = await runAll(['submit']);
    await after(60 * DAY_MS, 'due', 'sweep');
    expect([has('request'), has('front.image')]).toEqual([true, true]);
  });

  it('deletes a system event and its attempts after the retention period', async () => {
    const { world, after } = await runAll(['submit', 'work', 'deliver', 'erase', 'deliver']);
    const notices = () => [...world.objects.keys()].filter((name) => /^(notices|noticed|deliveries)\//.test(name));
    expect(world.received.at(-1)).toMatchObject({ type: 'job.erased' });
    expect(notices()).toHaveLength(3);
    await after(6 * DAY_MS, 'sweep');
    expect(notices()).toHaveLength(3);
    await after(2 * DAY_MS, 'sweep');
    expect(notices()).toEqual([]);
  });

  it('deletes parked deliveries with their job and with their endpoint', async () => {
    const { world, has } = await runAll(['submit', 'work']);
    const parked = () => [...world.objects.keys()].filter((name) => name.startsWith('parked/'));
    await world.changeEndpoint('disabled');
    await world.perform(world.process(), 'deliver');
    expect(parked()).toEqual([`parked/${TENANT}/${ENDPOINT}/${world.job}.1`]);
    await world.perform(world.process(), 'erase');
    expect([has('tombstone'), parked()]).toEqual([true, []]);

    const other = await runAll(['submit', 'work']);
    await other.world.changeEndpoint('disabled');
    await other.world.perform(other.world.process(), 'deliver');
    await other.world.changeEndpoint('deleted');
    await other.world.perform(other.world.process(), 'sweep');
    expect([...other.world.objects.keys()].filter((name) => name.startsWith('parked/'))).toEqual([]);
  });
});
