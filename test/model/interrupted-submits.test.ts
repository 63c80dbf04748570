/**
 * A slow submit against the reconciler that considers it dead. The submit pauses before every step for half an hour,
 * while scans withdraw it and forget it and the client repeats it.
 */
import { describe, expect, it } from 'vitest';
import { plainJpeg } from '../support/images.ts';
import { faultsAtRest } from './at-rest.ts';
import { createWorld, type Operation } from './world.ts';

const SCAN_EVERY_MS = 11 * 60_000;
const image = await plainJpeg();

interface Story {
  /** An earlier attempt that was killed after this many writes. */
  killedAfter?: number;
  /** Operations while the submit is paused; each scan comes eleven minutes after the previous operation. */
  meanwhile: readonly Operation[];
}

/** Returns false when the submit finished before that step. */
async function runStory(story: Story, step: number, faults: string[]): Promise<boolean> {
  const world = await createWorld(image);
  if (story.killedAfter !== undefined) {
    const killed = world.process({ dieAfterWrites: story.killedAfter });
    await killed.run(() => world.perform(killed, 'submit'));
    world.advance(24 * 60 * 60_000);
    await world.perform(world.process(), 'reconcile');
  }
  const late = world.process({ pauseAtStep: step });
  const state = await late.run(() => world.perform(late, 'submit'));
  for (const operation of story.meanwhile) {
    if (operation === 'reconcile') world.advance(SCAN_EVERY_MS);
    await world.perform(world.process(), operation);
  }
  if (state === 'paused') await late.go();
  await world.settle();
  const where = `${JSON.stringify(story)}, stopped before step ${step}`;
  faults.push(...faultsAtRest(world).map((fault) => `${where}: ${fault}`));
  return state === 'paused';
}

const scans = (times: number): Operation[] => Array.from({ length: times }, () => 'reconcile');
/** The second scan withdraws the submit; the fourth forgets it. */
const STORIES: Record<string, readonly Operation[][]> = {
  'during scans': [2, 3, 4].map(scans),
  'during scans and a repeated submit': [2, 4].flatMap((before) =>
    [0, 2].map((after): Operation[] => [...scans(before), 'submit', ...scans(after)]),
  ),
  'while a repeated submit is accepted and recognised': [[...scans(4), 'submit', 'work']],
};

describe('a submit that pauses for a long time', { timeout: 300_000 }, () => {
  for (const [name, histories] of Object.entries(STORIES)) {
    for (const killedAfter of [undefined, 1, 3]) {
      const before =
        killedAfter === undefined ? 'the first submit' : `a second try, the first killed after ${killedAfter}`;
      it(`${name}: ${before}`, async () => {
        const faults: string[] = [];
        let stops = 0;
        for (const meanwhile of histories) {
          const story = { ...(killedAfter === undefined ? {} : { killedAfter }), meanwhile };
          for (let step = 0; await runStory(story, step, faults); step++) stops++;
        }
        expect(faults).toEqual([]);
        expect(stops).toBeGreaterThan(5 * histories.length);
      });
    }
  }

  it('the reconciler leaves a recent marker of an old id alone', async () => {
    const world = await createWorld(image);
    world.advance(24 * 60 * 60_000);
    const late = world.process({ pauseAtStep: 4 });
    await late.run(() => world.perform(late, 'submit'));
    await world.perform(world.process(), 'reconcile');
    await world.perform(world.process(), 'reconcile');
    await late.go();
    expect(world.acknowledged).toContain('submit');
    await world.settle();
    expect(faultsAtRest(world)).toEqual([]);
  });
});
