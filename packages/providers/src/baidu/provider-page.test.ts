/** Holds `docs/understand/provider.md` against the error table: every answer, its class, its code, its bill and its sentence. */

import { readFileSync } from 'node:fs';
import { refusalMessage } from '@cardseal/core/provider';
import { describe, expect, it } from 'vitest';
import { undecryptable } from './cipher-suite.ts';
import { PROVIDER_ERRORS, TRANSPORT_ERRORS, UNKNOWN_PROVIDER_ERROR, type UpstreamError } from './error-table.ts';

const page = readFileSync(new URL('../../../../docs/understand/provider.md', import.meta.url), 'utf8');

/** The cells of the table under a heading, without its head. */
function tableUnder(heading: string): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const TRANSPORT_NAMES: Record<keyof typeof TRANSPORT_ERRORS, string> = {
  http_413: 'HTTP 413',
  http_429: 'HTTP 429',
  http_5xx: 'HTTP 5xx',
  http_other: 'another HTTP status',
  empty: 'an empty body',
  not_json: 'a body that is no JSON',
  too_large: 'a body over 8 MiB',
  incomplete: 'JSON without the reply',
  timeout: 'no whole answer in time',
  connection: 'a broken connection',
  unreachable: 'no connection at all',
};

const written = new Map(
  tableUnder('Every response').flatMap(([answers, ...rest]) => answers!.split(', ').map((one) => [one, rest] as const)),
);
const cells = ({ upstreamClass, code, billed }: UpstreamError) => [
  upstreamClass,
  code,
  billed,
  refusalMessage(code) ?? '',
];

describe('docs/understand/provider.md', () => {
  const transports = Object.entries(TRANSPORT_ERRORS) as [keyof typeof TRANSPORT_ERRORS, UpstreamError][];
  const known: [string, UpstreamError][] = [
    ...Object.entries(PROVIDER_ERRORS),
    ['any other code', UNKNOWN_PROVIDER_ERROR],
    ...transports.map(([name, row]): [string, UpstreamError] => [TRANSPORT_NAMES[name], row]),
  ];

  it.each(known)('%s', (answer, row) => {
    expect(written.get(answer)).toEqual(cells(row));
  });

  it('names the reply that cannot be opened, and nothing that does not exist', () => {
    const { code, fields } = undecryptable();
    const unopened = 'a reply that cannot be opened';
    expect(written.get(unopened)).toEqual([fields.upstreamClass, code, fields.billed, '']);
    expect([...written.keys()].sort()).toEqual([...known.map(([answer]) => answer), unopened].sort());
  });

  it('says of every class what becomes of it', () => {
    const classes = new Set([...written.values()].map(([upstreamClass]) => upstreamClass));
    const explained = tableUnder('What happens after a response').map(([upstreamClass]) => upstreamClass);
    expect(explained.toSorted()).toEqual([...classes].sort());
  });
});
