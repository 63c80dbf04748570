import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Corpus {
  urls: object[];
  dns: object[];
}

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

it('the webhooks page states the number of hostile targets in the corpus', () => {
  const { urls, dns } = JSON.parse(read('../../../test/vectors/ssrf.json')) as Corpus;
  expect(read('../../../docs/use/webhooks.md')).toContain(`${urls.length + dns.length} [hostile targets]`);
});
