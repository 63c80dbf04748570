/**
 * The demo's content: specimen cards of several kinds through a running stack, the typed results and the verified
 * webhooks shown. Returns 0 only if every card reached an outcome and every webhook arrived with a valid signature.
 */
import { generateSpecimens } from '@cardseal/emulator/cards';
import type { DevInfo } from '../dev-info.ts';
import { DemoApi, type DemoJob } from './api.ts';
import { startReceiver } from './receiver.ts';
import { storyOf, type Told, tableOf } from './story.ts';

/** A picture that the provider refuses: asked for by code, once, of the emulator. */
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
  const api = new DemoApi(info);
  const receiver = await startReceiver();
  try {
    const endpoint = await api.createEndpoint(receiver.url);
    receiver.useSecret(endpoint.secret);
    console.log(`\nwebhook endpoint ${endpoint.id} at ${receiver.url}\n`);

    const specimens = await Promise.all(SCENARIOS.map(oneSpecimen));
    const follow = (title: string, submit: () => Promise<DemoJob>) => followCard(api, receiver, title, submit);
    const told = await Promise.all(
      specimens.map(({ scenario, front, back }, at) =>
        follow(scenario, () =>
          at === 0 ? api.submitMultipart(front, back, 'demo-1') : api.submitJson(front, back, `demo-${at + 1}`),
        ),
      ),
    );
    await faults(info, 'PUT', [{ kind: 'error', code: REFUSED_CODE, count: 1 }]);
    told.push(await follow('refused by the provider', () => api.submitBare(specimens[0]!.front)));
    await faults(info, 'DELETE');
    await stats(info);

    console.log(`${storyOf(told[0]!)}\n\nAll cards:\n${tableOf(told)}\n`);
    console.log(whereToLook());
    const lost = told.filter(({ event, job }) => !event.verified || job.finished_at === null);
    console.log(
      lost.length === 0 ? `${told.length} cards, ${told.length} webhooks, all verified` : `${lost.length} lost`,
    );
    return lost.length === 0 ? 0 : 1;
  } finally {
    await receiver.stop();
  }
}

async function oneSpecimen(scenario: (typeof SCENARIOS)[number], at: number) {
  for await (const specimen of generateSpecimens({ count: 1, seed: 2026 + at, scenario, format: 'jpeg' }))
    return specimen;
  throw new Error(`no specimen of ${scenario}`);
}

async function followCard(
  api: DemoApi,
  receiver: Awaited<ReturnType<typeof startReceiver>>,
  title: string,
  submit: () => Promise<DemoJob>,
): Promise<Told> {
  const submittedAtMs = Date.now();
  const accepted = await submit();
  const acceptedAtMs = Date.now();
  const event = await receiver.eventOf(accepted.id, EVENT_TIMEOUT_MS);
  return { title, submittedAtMs, acceptedAtMs, job: await api.get(accepted.id, 10), event };
}

async function faults(info: DevInfo, method: 'PUT' | 'DELETE', list?: unknown[]): Promise<void> {
  const init = list ? { body: JSON.stringify({ faults: list }), headers: { 'content-type': 'application/json' } } : {};
  await fetch(`${info.emulatorUrl}/__control`, { method, ...init });
}

async function stats(info: DevInfo): Promise<void> {
  const response = await fetch(`${info.emulatorUrl}/__control/stats`);
  const { calls, accepted, duplicates_by_image, token_requests } = (await response.json()) as Record<string, number>;
  console.log(
    `upstream: ${calls} calls, ${accepted} accepted, ${duplicates_by_image} paid for twice, ${token_requests} access token\n`,
  );
}

function whereToLook(): string {
  return [
    'Where to look next:',
    '  npm start                    the same, staying up; dev.json in .cardseal/ has URLs and keys',
    '  docs/use/quickstart.md       submit a card of your own with curl',
    '  apps/api/src/submit          where a card comes in; apps/worker/src/recognize/pipeline.ts is the way it goes',
    '',
  ].join('\n');
}
