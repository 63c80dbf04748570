/** What the demo prints: one card followed step by step, then one line for each. */
import type { DemoJob } from './api.ts';
import type { ReceivedEvent } from './receiver.ts';

export interface Told {
  title: string;
  submittedAtMs: number;
  acceptedAtMs: number;
  job: DemoJob;
  event: ReceivedEvent;
}

export function storyOf({ title, submittedAtMs, acceptedAtMs, job, event }: Told): string {
  const at = (ms: number) => `+${String(Math.max(0, ms - submittedAtMs)).padStart(5)} ms`;
  const calls = job.attempts.map(
    ({ side, at: sent, class: outcome, code, latency_ms, billed }) =>
      `  ${at(Date.parse(sent))}  call     ${side}: ${outcome}${code ? ` (${code})` : ''} in ${latency_ms} ms, billed: ${billed}`,
  );
  const steps = [
    `  ${at(submittedAtMs)}  submit   ${title}`,
    `  ${at(acceptedAtMs)}  store    202: sealed in the object store, ${job.id} on the queue`,
    ...calls,
    `  ${at(Date.parse(job.finished_at!))}  save     outcome ${job.state}, sealed, decided by one conditional write`,
    `  ${at(event.atMs)}  deliver  ${event.type} as ${event.id}, signature ${event.verified ? 'verified' : 'NOT VERIFIED'}`,
  ];
  return ['One card, step by step:', ...steps, '', '  What was read (a synthetic person):', ...fieldsOf(job)].join(
    '\n',
  );
}

function fieldsOf({ result }: DemoJob): string[] {
  const fields = Object.entries(result?.card ?? {}).map(([name, value]) => `    ${name.padEnd(18)} ${value}`);
  const checks = result?.checks.map(({ code, outcome, side }) => `${code}${side ? `/${side}` : ''} ${outcome}`) ?? [];
  return [
    ...fields,
    `    ${'checks'.padEnd(18)} ${checks.join(', ')}`,
    `    ${'verdict'.padEnd(18)} ${result?.verdict}`,
  ];
}

export function tableOf(all: readonly Told[]): string {
  const rows = all.map(({ title, job, event }) => [
    title,
    job.state,
    job.result?.verdict ?? '-',
    job.failure?.code ?? notPassed(job) ?? '-',
    `${event.type} ${event.verified ? 'verified' : 'NOT VERIFIED'}`,
    job.id,
  ]);
  const heads = ['card', 'state', 'verdict', 'why', 'webhook', 'id'];
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join('  ')}`.trimEnd();
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function notPassed({ result }: DemoJob): string | undefined {
  const codes = (result?.checks ?? []).filter(({ outcome }) => outcome !== 'pass').map(({ code }) => code);
  return codes.length > 0 ? [...new Set(codes)].join(', ') : undefined;
}
