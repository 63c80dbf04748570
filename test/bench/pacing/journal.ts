/**
 * Stores the rows of a long run, one JSON object per line, as soon as they are measured. A killed run keeps them, and
 * the next run continues from there.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Journal {
  readonly file: string;
  has(key: string): boolean;
  get<Row>(key: string): Row | undefined;
  add(key: string, row: object): void;
}

export function openJournal(file: string): Journal {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  const rows = new Map<string, unknown>();
  for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
    const row = parsed(line);
    if (row) rows.set(row.key, row);
  }
  return {
    file,
    has: (key) => rows.has(key),
    get: <Row>(key: string) => rows.get(key) as Row | undefined,
    add(key, row) {
      rows.set(key, { key, ...row });
      appendFileSync(file, `${JSON.stringify({ key, ...row })}\n`);
    },
  };
}

/** The last line of a killed run may be incomplete. */
function parsed(line: string): { key: string } | undefined {
  try {
    return line.trim() === '' ? undefined : JSON.parse(line);
  } catch {
    return undefined;
  }
}
