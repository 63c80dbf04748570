/** The texts of the demo: one job step by step, then a table with one line per job. */
import type { DemoJob } from './api.ts';
import type { ReceivedEvent } from './receiver.ts';

/** A finished job with its webhook event. Times are milliseconds since 1970. */
export interface FollowedJob {
  title: string;
  submittedAtMs: number;
  acceptedAtMs: number;
  job: DemoJob;
  event: ReceivedEvent;
}

export function storyOf({ title, submittedAtMs, acceptedAtMs, job, event }: FollowedJob): string {
  const at = (ms: number) => `+${String(Math.max(0, ms - submittedAtMs)).padStart(5)} ms`;
  const calls = job.attempts
    .toSorted((left, right) => Date.parse(left.at) - Date.parse(right.at))
    .map(
      ({ side, at: sent, class: outcome, code, latency_ms, billed }) =>
        `  ${at(Date.parse(sent))}  call     ${side}: ${outcome}${code ? ` (${code})` : ''} in ${latency_ms} ms, billed: ${billed}`,
    );
  const steps = [
    `  ${at(submittedAtMs)}  submit   ${title}`,
    `  ${at(acceptedAtMs)}  store    202: sealed in the object store, ${job.id} queued`,
    ...calls,
    `  ${at(Date.parse(job.finished_at!))}  save     ${job.state}: outcome sealed in the object store`,
    `  ${at(event.atMs)}  deliver  ${event.type} as ${event.id}, signature ${event.verified ? 'verified' : 'NOT VERIFIED'}`,
  ];
  return ['One job, step by step:', ...steps, '', '  Its result (a synthetic person):', ...fieldsOf(job)].join('\n');
}

function fieldsOf({ result }: DemoJob): string[] {
  const fields = Object.entries(result?.card ?? {}).map(([name, value]) => `    ${name.padEnd(18)} ${value}`);
  const checks = result?.checks ?? [];
  const passed = checks.filter(({ outcome }) => outcome === 'pass').length;
  return [
    ...fields,
    `    ${'checks'.padEnd(18)} ${passed} of ${checks.length} pass`,
    `    ${'verdict'.padEnd(18)} ${result?.verdict}`,
  ];
}

export function tableOf(all: readonly FollowedJob[]): string {
  const rows = all.map(({ title, job, event }) => [
    title,
    job.state,
    job.result?.verdict ?? '-',
    job.failure?.code ?? openChecksOf(job) ?? '-',
    `${event.type} ${event.verified ? 'verified' : 'NOT VERIFIED'}`,
    job.id,
  ]);
  const heads = ['card', 'state', 'verdict', 'reason', 'webhook', 'job'];
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join('  ')}`.trimEnd();
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** The checks that warn or fail, each once. */
function openChecksOf({ result }: DemoJob): string | undefined {
  const codes = (result?.checks ?? []).filter(({ outcome }) => outcome !== 'pass').map(({ code }) => code);
  return codes.length > 0 ? [...new Set(codes)].join(', ') : undefined;
}
