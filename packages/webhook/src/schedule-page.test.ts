/** Holds the tables that consumers read against the ones that deliver. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ATTEMPT_DELAYS_MS, SHORT_BUDGET } from './schedule.ts';

const page = readFileSync(new URL('../../../docs/use/webhooks.md', import.meta.url), 'utf8');
const UNIT_MS: Record<string, number> = { s: 1_000, min: 60_000, h: 3_600_000 };

describe('docs/use/webhooks.md', () => {
  it('prints the delays', () => {
    const rows = [...page.matchAll(/^\| (\d+) \| (none|(\d+) (s|min|h)) \|/gm)];
    const delays = rows.map(([, , , count, unit]) => Number(count ?? 0) * (UNIT_MS[unit ?? ''] ?? 0));
    expect(delays).toEqual(ATTEMPT_DELAYS_MS);
  });

  it('prints the short budget', () => {
    expect(SHORT_BUDGET).toBe(6);
    expect(page).toMatch(/^\| other 4xx \|.*\| six \|/m);
  });
});
