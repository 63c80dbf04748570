/** Prints data on stdout: tables for people, one JSON object per line for programs. Tables hold no personal data. */
import type { Job } from '@cardseal/client';

export interface Output {
  json?: boolean;
}

/** Prints a row per job, or with `json` the whole job as the API returned it. */
export function printJobs(jobs: readonly Job[], { json }: Output): void {
  if (json) for (const job of jobs) printJson(job);
  else printTable(['job', 'state', 'verdict', 'reference', 'note'], jobs.map(rowOf));
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const all = [head, ...rows];
  const widths = head.map((_title, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ');
  process.stdout.write(`${all.map((row) => line(row).trimEnd()).join('\n')}\n`);
}

function rowOf(job: Job): string[] {
  return [job.id, job.state, job.result?.verdict ?? '', job.reference ?? '', noteOf(job)];
}

function noteOf({ failure, result, waiting_for }: Job): string {
  if (failure) return failure.code;
  if (waiting_for) return `waits for ${waiting_for}`;
  return (result?.checks ?? [])
    .filter(({ outcome }) => outcome !== 'pass')
    .map(({ code }) => code)
    .join(' ');
}
