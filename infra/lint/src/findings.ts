/** What every check returns, and how a finding is printed. */

/** One refused place. `file` is relative to the repository; `line` counts from 1. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** `file:line: message`, the form that editors and terminals turn into links. */
export function formatFinding(finding: Finding): string {
  return `${finding.file}:${finding.line}: ${finding.message}`;
}

/** By file, then by line. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((left, right) => left.file.localeCompare(right.file) || left.line - right.line);
}
