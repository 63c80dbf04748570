/** The index of decision records has one row for each record: number, title, status and date as in the record. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const FOLDER = path.resolve(import.meta.dirname, '../../../docs/decisions');
const read = (name: string) => readFileSync(path.join(FOLDER, name), 'utf8');
const records = readdirSync(FOLDER)
  .filter((name) => name !== 'README.md')
  .sort();

const HEAD = /^# (\d+)\. (.+)\n\n\*\*Status\*\* (.+?)\. \*\*Date\*\* (\d{4}-\d{2}-\d{2})\.\n/;

it.each(records)('%s begins with number, title, status and date', (name) => {
  expect(read(name)).toMatch(HEAD);
  expect(name).toMatch(new RegExp(`^${HEAD.exec(read(name))?.[1]?.padStart(4, '0')}-[a-z0-9-]+\\.md$`));
});

it('the index lists every record, and no other', () => {
  const rows = [...read('README.md').matchAll(/^\| (\d+) \| \[(.+)\]\((.+)\) \| (.+) \| (.+) \|$/gm)];
  expect(rows.map(([, number, title, file, status, date]) => [number, title, file, status, date])).toEqual(
    records.map((file) => {
      const [, number, title, status, date] = HEAD.exec(read(file)) ?? [];
      return [number, title, file, status, date];
    }),
  );
});
