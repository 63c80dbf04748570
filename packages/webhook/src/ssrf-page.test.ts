import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Corpus {
  urls: { why: string }[];
  dns: { why: string }[];
}

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

it('the page counts the hostile targets of the corpus as they are', () => {
  const { urls, dns } = JSON.parse(read('../../../test/vectors/ssrf.json')) as Corpus;
  const page = read('../../../docs/use/webhooks.md');
  const named = [...urls.map(({ why }) => why), ...dns.map(({ why }) => `DNS: ${why}`)];
  for (const [why, those] of Map.groupBy(named, (one) => one)) expect(page).toContain(`| ${why} | ${those.length} |`);
  expect(page).toContain(`| **all** | **${urls.length + dns.length}** |`);
});
