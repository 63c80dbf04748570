/**
 * The result of a chaos run: one JSON object for programs and a table for people. Programs read the JSON members; do
 * not rename them.
 */
import { countRepeats, type Evidence } from './checker/index.ts';
import type { InjectionName } from './injections.ts';

export interface Recovery {
  name: InjectionName;
  /**
   * From the end of the fault until the webhook of a job submitted then arrived; null when it did not arrive in time.
   */
  ms: number | null;
}

export interface Harness {
  seed: number;
  minutes: number;
  rate: number;
  recoveries: readonly Recovery[];
  restMs: number | null;
  runnerRssBytes: { early: number; end: number };
}

export async function reportOf(harness: Harness, evidence: Evidence, violations: readonly string[]) {
  const { accepted, calls, vitals, queueSamples, incidents, arrived } = evidence;
  const kinds = incidents.map(({ kind }) => kind);
  const count = (...words: string[]) => kinds.filter((kind) => words.some((word) => kind.includes(word))).length;
  const { repeated, explained, bound } = countRepeats(evidence);
  const failed = await failures(evidence);
  const times = harness.recoveries.flatMap(({ ms }) => ms ?? []);
  return {
    seed: harness.seed,
    minutes: harness.minutes,
    rate: harness.rate,
    cards: accepted.length,
    tenants: new Set(accepted.map(({ tenant }) => tenant)).size,
    failed,
    calls: calls.length,
    accepted_calls: calls.filter(({ outcome }) => outcome === 'accepted').length,
    repeated_calls: repeated,
    repeated_explained: explained,
    repeated_bound: bound,
    webhooks: arrived.length,
    strikes: harness.recoveries.length,
    kills: count('killed'),
    restarts: count('killed', 'drained'),
    flushes: count('emptied'),
    freezes: count('frozen'),
    lost_locks: count('lock lost'),
    recovery_ms: { median: median(times), max: Math.max(0, ...times) },
    recovery_by_strike: byInjection(harness.recoveries),
    rest_ms: harness.restMs,
    longest_queue: Math.max(0, ...queueSamples.map(({ queued }) => queued)),
    processes: vitals.map(({ process, maxRssBytes, maxOpenFiles }) => ({
      process,
      max_rss_mib: Math.round(maxRssBytes / 2 ** 20),
      max_open_files: maxOpenFiles,
    })),
    runner_rss_mib: {
      early: Math.round(harness.runnerRssBytes.early / 2 ** 20),
      end: Math.round(harness.runnerRssBytes.end / 2 ** 20),
    },
    violations,
  };
}

export type Report = Awaited<ReturnType<typeof reportOf>>;

export function tableOf(report: Report): string {
  const strikes = Object.entries(report.recovery_by_strike).map(
    ([name, { times, median, max }]) => `| ${name} | ${times} | ${seconds(median)} | ${seconds(max)} |`,
  );
  const processes = report.processes.map(
    ({ process, max_rss_mib, max_open_files }) => `| ${process} | ${max_rss_mib} MiB | ${max_open_files} |`,
  );
  return [
    `seed ${report.seed}, ${report.minutes} minutes: ${report.cards} jobs of ${report.tenants} tenants, ${report.strikes} faults`,
    '',
    '| injection | times | served again after, median | longest |',
    '|---|---|---|---|',
    ...strikes,
    '',
    '| process | most memory | most open files |',
    '|---|---|---|',
    ...processes,
    '',
    `kills ${report.kills}, restarts ${report.restarts}, flushes ${report.flushes}, freezes ${report.freezes}`,
    `repeated calls ${report.repeated_calls} of ${report.accepted_calls}; incidents explain ${report.repeated_explained}, and at most ${report.repeated_bound}`,
    `failed jobs: ${JSON.stringify(report.failed)}`,
    report.violations.length === 0
      ? 'every invariant held'
      : `${report.violations.length} violations:\n${report.violations.slice(0, 40).join('\n')}`,
  ].join('\n');
}

/** Counts failed jobs by code. Only jobs with a received `job.failed` event count. */
async function failures({ ledger, accepted, arrived }: Evidence): Promise<Record<string, number>> {
  const failed = new Set(arrived.filter(({ type }) => type === 'job.failed').map(({ job }) => job));
  const codes: Record<string, number> = {};
  for (const { tenant, id } of accepted.filter((job) => failed.has(job.id))) {
    const outcome = await (await ledger.jobs.open(tenant, id))?.outcome(1);
    if (outcome) codes[outcome.code] = (codes[outcome.code] ?? 0) + 1;
  }
  return codes;
}

function byInjection(recoveries: readonly Recovery[]) {
  const names = [...new Set(recoveries.map(({ name }) => name))].sort();
  return Object.fromEntries(
    names.map((name) => {
      const times = recoveries.flatMap((one) => (one.name === name ? (one.ms ?? []) : []));
      return [name, { times: times.length, median: median(times), max: Math.max(0, ...times) }];
    }),
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
