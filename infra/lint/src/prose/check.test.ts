/** Shows for each rule a sentence that it refuses, and that the sentence's plain form passes. */
import { describe, expect, it } from 'vitest';
import { findProse } from './check.ts';
import { PROSE_RULES } from './rules.ts';

/** rule, refused, its plain form */
const EXAMPLES: readonly (readonly [string, string, string])[] = [
  ['headless-who', 'Who asks alone is sent at once.', 'A single request is sent at once.'],
  ['headless-what', 'What is left over is deleted.', 'The sweep deletes leftover objects.'],
  ['whoever', 'The lock goes to whoever came first.', 'The first worker gets the lock.'],
  ['person', 'A worker that lost his lock stops.', 'A worker that lost its lock stops.'],
  ['nobody', 'Nobody reads this key.', 'No process reads this key.'],
  ['those-who', 'Wakes those who wait.', 'Wakes the waiting requests.'],
  ['told', 'The consumer is told once.', 'The consumer receives one webhook.'],
  ['heard', 'Seconds since the worker was heard of.', 'Seconds since the last heartbeat of the worker.'],
  ['unnamed-actor', 'A permit is asked for first.', 'The worker first requests a permit.'],
  ['inverted', 'Only now does the worker call.', 'The worker calls now.'],
  ['own', 'It runs in a thread of its own.', 'It runs in a separate thread.'],
  ['archaic', 'The token is made anew.', 'The client requests a new token.'],
  ['place-for-time', 'Runs behind the write.', 'Runs after the write, behind a proxy.'],
  ['place-for-company', 'Holds one buffer beside the image.', 'Holds one buffer in addition to the image.'],
  ['room', 'Settings of the delivery room.', 'Settings of the delivery runtime.'],
  ['house', 'Signed with the key of the house.', 'Signed with the key of the system tenant.'],
  ['walk', 'The reconciler walks the markers.', 'The reconciler scans the markers.'],
  ['look', 'The last look before the call.', 'The last check before the call.'],
  ['night', 'Found by the nights of the chaos tests.', 'Found by the chaos runs.'],
  ['deed', 'Each deed is recorded.', 'Each action is recorded.'],
  ['judge', 'Judges the response.', 'Checks the response.'],
  ['lane', 'The lane is full.', 'The endpoint is at its concurrency limit.'],
  ['leash', 'The child is on a leash.', 'A supervisor ends the child.'],
  ['conveyor', 'The conveyor adds the job.', 'The queue producer adds the job.'],
  ['mend', 'The reconciler mends it.', 'The reconciler repairs it.'],
  ['stand', 'The key stands in the file.', 'The key is in the file.'],
  ['lie', 'The object lies in the bucket.', 'The object is in the bucket. The date lies in the past.'],
  ['dwell', 'The bytes dwell in memory.', 'The bytes are in memory.'],
  ['sick', 'Sick endpoints come first.', 'Failing endpoints come first.'],
  ['verdict-on-jobs', 'A suspect runs alone.', 'A quarantined job runs alone.'],
  ['supervision', 'The keeper ends the process.', 'The watchdog ends the process.'],
  ['witness', 'One witness is away.', 'One time source is unavailable.'],
  ['patience', 'The client is patient.', 'The client waits up to its timeout.'],
  ['foundation', 'The foundation is examined.', 'The preflight checks run.'],
  ['strike', 'A fault strikes the call.', 'A fault affects the call.'],
  ['needle', 'Searches for needles.', 'Searches for secret patterns.'],
  ['door', 'The door for tests.', 'The entry point for tests.'],
  ['body-part', 'Hands it over to Redis.', 'Sends it to Redis.'],
  ['grave', 'The job is buried.', 'The job has a tombstone.'],
  ['picture', 'Decodes the picture.', 'Decodes the image.'],
  ['try', 'The last try failed.', 'The last attempt failed. A try/catch block.'],
  ['answer', 'The answer is 202.', 'The response is 202.'],
];

const rulesOf = (file: string, text: string) =>
  findProse(file, text).map(({ message }) => /": ([\w-]+): /.exec(message)?.[1]);

describe('prose rules', () => {
  it.each(EXAMPLES)('%s refuses "%s" and accepts "%s"', (rule, wrong, right) => {
    expect(rulesOf('a.md', wrong).concat(rulesOf('a.ts', `// ${wrong}`))).toContain(rule);
    expect(rulesOf('a.md', right)).toEqual([]);
    expect(rulesOf('a.ts', `// ${right}`)).toEqual([]);
  });

  it('has an example for every rule', () => {
    expect(EXAMPLES.map(([rule]) => rule)).toEqual(PROSE_RULES.map(({ id }) => id));
  });
});

describe('where prose is found', () => {
  const lines = (file: string, text: string) => findProse(file, text).map(({ line }) => line);

  it.each([
    ['a.ts', '/**\n * Fine, and a sentence\n * that nobody reads.\n */'],
    ['a.ts', 'const x = 1;\n\n// Nobody reads it.'],
    ['a.ts', '\n\nthrow new Error(`is read by nobody at all`);'],
    ['a.test.ts', "\n\nit.each([1])('is read by nobody', () => {});"],
    ['a.mjs', '\n\n// Nobody.'],
    ['a.yaml', 'key: value\n\nother: 1 # nobody'],
    ['a.lua', 'local a = 1\n\n-- nobody'],
    ['Dockerfile', 'FROM x\n\n# nobody'],
    ['a.md', '# Title\n\nRead by nobody.'],
  ])('reports line 3 of %s: %j', (file, text) => {
    expect(lines(file, text)).toEqual([3]);
  });

  it.each([
    ['a.md', '```\nnobody\n```\nThe code `nobody` and the [link](nobody.md).'],
    ['a.ts', "const role = 'nobody';"],
    ['a.test.ts', "const input = 'a text that is read by nobody';"],
    ['a.json', '{"a": "read by nobody at all"}'],
    ['a.yaml', 'key: nobody'],
  ])('finds none in %s: %j', (file, text) => {
    expect(lines(file, text)).toEqual([]);
  });
});
