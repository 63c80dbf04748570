/**
 * A submit that is late against the reconciler that takes it for dead: stopped before every step for half an hour,
 * while walks withdraw it, and forget it, and another try of the same submit comes in between.
 */
import { describe, expect, it } from 'vitest';
import { plainJpeg } from '../support/images.ts';
import { faultsAtRest } from './at-rest.ts';
import { createWorld, type Operation } from './world.ts';

const WALK_MS = 11 * 60_000;
const picture = await plainJpeg();

interface Story {
  /** What happened before: an earlier try that was killed after so many writes. */
  killedAfter?: number;
  /** What happens while the submit stands still; every walk comes eleven minutes after what was before it. */
  meanwhile: readonly Operation[];
}

/** False when the submit came to its end before that step. */
async function told(story: Story, step: number, faults: string[]): Promise<boolean> {
  const world = await createWorld(picture);
  if (story.killedAfter !== undefined) {
    const killed = world.process({ dieAfterWrites: story.killedAfter });
    await killed.run(() => world.perform(killed, 'submit'));
    world.advance(24 * 60 * 60_000);
    await world.perform(world.process(), 'reconcile');
  }
  const late = world.process({ pauseAtStep: step });
  const state = await late.run(() => world.perform(late, 'submit'));
  for (const operation of story.meanwhile) {
    if (operation === 'reconcile') world.advance(WALK_MS);
    await world.perform(world.process(), operation);
  }
  if (state === 'paused') await late.go();
  await world.settle();
  const where = `${JSON.stringify(story)}, stopped before step ${step}`;
  faults.push(...faultsAtRest(world).map((fault) => `${where}: ${fault}`));
  return state === 'paused';
}

const walks = (times: number): Operation[] => Array.from({ length: times }, () => 'reconcile');
/** The second walk withdraws, the fourth forgets. */
const STORIES: Record<string, readonly Operation[][]> = {
  'while walks pass': [2, 3, 4].map(walks),
  'while walks pass and another try comes': [2, 4].flatMap((before) =>
    [0, 2].map((after): Operation[] => [...walks(before), 'submit', ...walks(after)]),
  ),
  'while another try comes and is worked on': [[...walks(4), 'submit', 'work']],
};

describe('a submit that stands still for long', { timeout: 300_000 }, () => {
  for (const [name, histories] of Object.entries(STORIES)) {
    for (const killedAfter of [undefined, 1, 3]) {
      const before =
        killedAfter === undefined ? 'the first try' : `a second try, the first killed after ${killedAfter}`;
      it(`${name}: ${before}`, async () => {
        const faults: string[] = [];
        let stops = 0;
        for (const meanwhile of histories) {
          const story = { ...(killedAfter === undefined ? {} : { killedAfter }), meanwhile };
          for (let step = 0; await told(story, step, faults); step++) stops++;
        }
        expect(faults).toEqual([]);
        expect(stops).toBeGreaterThan(5 * histories.length);
      });
    }
  }

  it('a young marker of an old id is left alone', async () => {
    const world = await createWorld(picture);
    world.advance(24 * 60 * 60_000);
    const late = world.process({ pauseAtStep: 4 });
    await late.run(() => world.perform(late, 'submit'));
    await world.perform(world.process(), 'reconcile');
    await world.perform(world.process(), 'reconcile');
    await late.go();
    expect(world.told).toContain('submit');
    await world.settle();
    expect(faultsAtRest(world)).toEqual([]);
  });
});
