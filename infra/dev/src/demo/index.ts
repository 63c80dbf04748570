/**
 * The story of the demo: it submits specimen cards of several kinds to a running stack and prints the typed results and
 * the verified webhooks. Returns 0 only if every job has finished and every webhook arrived with a valid signature.
 */
import { generateSpecimens } from '@cardseal/emulator/cards';
import type { DevInfo } from '../dev-info.ts';
import { DemoApi, type DemoJob } from './api.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { type FollowedJob, storyOf, tableOf } from './story.ts';

/** The provider's code for an image that it cannot recognise. The demo makes the emulator return it once. */
const REFUSED_CODE = 282_103;
const SCENARIOS = [
  'good',
  'long-term',
  'minority-name',
  'wrong-side',
  'blurred',
  'copy',
  'expired',
  'number-mismatch',
] as const;
const EVENT_TIMEOUT_MS = 30_000;

export async function runDemo(info: DevInfo): Promise<number> {
  const receiver = await startReceiver();
  try {
    const jobs = await submitAll(info, receiver);
    const incomplete = jobs.filter(({ event, job }) => !event.verified || job.finished_at === null);
    console.log(`\n${storyOf(jobs[0]!)}\n\nAll jobs:\n${tableOf(jobs)}\n`);
    console.log(await callsOf(info));
    console.log(
      incomplete.length === 0
        ? `${jobs.length} jobs, ${jobs.length} webhooks, all signatures verified. The emulator produced all readings.`
        : `${incomplete.length} jobs have no result or no verified webhook`,
    );
    console.log(WHAT_NEXT);
    return incomplete.length === 0 ? 0 : 1;
  } finally {
    await receiver.stop();
  }
}

async function submitAll(info: DevInfo, receiver: Receiver): Promise<FollowedJob[]> {
  const api = new DemoApi(info);
  const endpoint = await api.createEndpoint(receiver.url);
  receiver.useSecret(endpoint.secret);
  const specimens = await Promise.all(SCENARIOS.map(oneSpecimen));
  const follow = (title: string, submit: () => Promise<DemoJob>) => followJob(api, receiver, title, submit);
  const jobs = await Promise.all(
    specimens.map(({ scenario, front, back }, at) =>
      follow(scenario, () =>
        at === 0 ? api.submitMultipart(front, back, 'demo-1') : api.submitJson(front, back, `demo-${at + 1}`),
      ),
    ),
  );
  await setFaults(info, 'PUT', [{ kind: 'error', code: REFUSED_CODE, count: 1 }]);
  jobs.push(await follow('refused by the provider', () => api.submitBare(specimens[0]!.front)));
  await setFaults(info, 'DELETE');
  return jobs;
}

async function oneSpecimen(scenario: (typeof SCENARIOS)[number], at: number) {
  for await (const specimen of generateSpecimens({ count: 1, seed: 2026 + at, scenario, format: 'jpeg' }))
    return specimen;
  throw new Error(`no specimen of ${scenario}`);
}

async function followJob(
  api: DemoApi,
  receiver: Receiver,
  title: string,
  submit: () => Promise<DemoJob>,
): Promise<FollowedJob> {
  const submittedAtMs = Date.now();
  const accepted = await submit();
  const acceptedAtMs = Date.now();
  const event = await receiver.eventOf(accepted.id, EVENT_TIMEOUT_MS);
  return { title, submittedAtMs, acceptedAtMs, job: await api.get(accepted.id, 10), event };
}

async function setFaults(info: DevInfo, method: 'PUT' | 'DELETE', list?: unknown[]): Promise<void> {
  const init = list ? { body: JSON.stringify({ faults: list }), headers: { 'content-type': 'application/json' } } : {};
  await fetch(`${info.emulatorUrl}/__control`, { method, ...init });
}

async function callsOf(info: DevInfo): Promise<string> {
  const response = await fetch(`${info.emulatorUrl}/__control/stats`);
  const { calls, accepted, duplicates_by_image, token_requests } = (await response.json()) as Record<string, number>;
  return (
    `provider: ${calls} calls, ${accepted} accepted, ${duplicates_by_image} images sent twice, ` +
    `${token_requests} access token`
  );
}

/** The demo stops its servers, so these are the URLs of `npm start` with its default ports. */
const WHAT_NEXT = `
The demo stops here. docs/use/quickstart.md shows how to submit an image of your own. Next: run \`npm start\` and open
  http://127.0.0.1:3001        admin: queues, rates, jobs (user and password in .cardseal/dev.json)
  http://127.0.0.1:3000/docs   API reference (API key in .cardseal/dev.json)`;
