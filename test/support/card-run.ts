/** Sends generated cards through a running stack and counts per scenario which results are right, wrong or missing. */
import { generateSpecimens, type PictureFormat, SCENARIOS, type Specimen } from '@cardseal/emulator/cards';
import sharp from 'sharp';
import { differencesFromTruth, type FinishedJob, truthSize } from './compare-truth.ts';
import type { TestStack, WebhookSink } from './stack.ts';

/** How the images of one round are made. Each scenario is combined with each variant. */
const VARIANTS: readonly { name: string; format: PictureFormat; scale: number; turn?: 90 | 180 | 270 }[] = [
  { name: 'jpeg', format: 'jpeg', scale: 1 },
  { name: 'png', format: 'png', scale: 0.7 },
  { name: 'half, turned by 90°', format: 'jpeg', scale: 0.5, turn: 90 },
  { name: 'bmp', format: 'bmp', scale: 0.5 },
  { name: 'jpeg, small', format: 'jpeg', scale: 0.7 },
  { name: 'turned by 180°', format: 'jpeg', scale: 0.7, turn: 180 },
  { name: 'half', format: 'jpeg', scale: 0.5 },
  { name: 'turned by 270°', format: 'jpeg', scale: 0.8, turn: 270 },
];

export interface ScenarioCount {
  cards: number;
  right: number;
  wrong: number;
  /** No outcome or no verified webhook in time. */
  lost: number;
  /** Compared fields, dates, flags, checks, statuses and verdicts. */
  compared: number;
}

export interface CardRunReport {
  scenarios: Map<string, ScenarioCount>;
  /** The first wrong cards: number, scenario, variant and the names of the differences. */
  mistakes: string[];
  seconds: number;
}

export interface CardRunOptions {
  count: number;
  seed: number;
  inFlight?: number;
  /** The maximum time from the submit of a card to its webhook. */
  timeoutMs?: number;
  onProgress?: (finished: number) => void;
}

const MAX_MISTAKES = 50;

export async function runCards(app: TestStack, sink: WebhookSink, options: CardRunOptions): Promise<CardRunReport> {
  const { count, seed, inFlight = 24, timeoutMs = 120_000, onProgress } = options;
  const report: CardRunReport = { scenarios: new Map(), mistakes: [], seconds: 0 };
  const startedMs = performance.now();
  const cards = variedCards(count, seed);
  let finished = 0;
  async function work(): Promise<void> {
    for (;;) {
      const next = await cards.next();
      if (next.done) return;
      await compare(next.value, report, () => oneCard(app, sink, next.value.specimen, timeoutMs));
      finished++;
      onProgress?.(finished);
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work));
  report.seconds = (performance.now() - startedMs) / 1000;
  return report;
}

interface VariedCard {
  specimen: Specimen;
  variant: string;
}

/** One shared source for all workers: an async generator hands out its values one after the other. */
async function* variedCards(count: number, seed: number): AsyncGenerator<VariedCard, void> {
  for (let n = 1; n <= count; n++) {
    const { name, turn, ...how } = VARIANTS[Math.floor((n - 1) / SCENARIOS.length) % VARIANTS.length]!;
    for await (const specimen of generateSpecimens({ count: 1, first: n, seed, ...how })) {
      if (turn)
        [specimen.front, specimen.back] = await Promise.all([
          turned(specimen.front, turn),
          turned(specimen.back, turn),
        ]);
      yield { specimen, variant: name };
    }
  }
}

const turned = (image: Buffer, degrees: number) => sharp(image).rotate(degrees).jpeg({ quality: 90 }).toBuffer();

async function oneCard(app: TestStack, sink: WebhookSink, { front, back, n }: Specimen, timeoutMs: number) {
  const { id } = await app.submit({ front, back }, { reference: `card ${n}` });
  const late = AbortSignal.timeout(timeoutMs);
  const given = new Promise<never>((_, reject) => {
    late.addEventListener('abort', () => reject(new Error('lost')), { once: true });
  });
  const [job] = await Promise.race([given, Promise.all([app.finished(id), sink.events(id)])]);
  return job;
}

async function compare(
  { specimen, variant }: VariedCard,
  report: CardRunReport,
  run: () => Promise<FinishedJob>,
): Promise<void> {
  const { scenario, truth, n } = specimen;
  const counted = report.scenarios.get(scenario) ?? { cards: 0, right: 0, wrong: 0, lost: 0, compared: 0 };
  report.scenarios.set(scenario, counted);
  counted.cards++;
  counted.compared += truthSize(truth);
  const differences = await run().then(
    (job) => differencesFromTruth(job, truth),
    (error: Error) => error,
  );
  if (differences instanceof Error) counted.lost++;
  else if (differences.length > 0) counted.wrong++;
  else counted.right++;
  const what = differences instanceof Error ? differences.message : differences.join(' ');
  if (what !== '' && report.mistakes.length < MAX_MISTAKES)
    report.mistakes.push(`${n} ${scenario} (${variant}): ${what}`);
}

/** The sums over all scenarios. */
export function totalOf({ scenarios }: CardRunReport): ScenarioCount {
  const total = { cards: 0, right: 0, wrong: 0, lost: 0, compared: 0 };
  for (const one of scenarios.values()) {
    for (const name of Object.keys(total) as (keyof ScenarioCount)[]) total[name] += one[name];
  }
  return total;
}
