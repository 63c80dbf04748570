import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { settingNames as admin } from '../../../apps/admin/src/config.ts';
import { settingNames as api } from '../../../apps/api/src/config.ts';
import { settingNames as worker } from '../../../apps/worker/src/config.ts';

const page = readFileSync(new URL('../../../docs/operate/settings.md', import.meta.url), 'utf8');

it('the settings page lists every variable that an app reads, and no other', () => {
  const read = new Set([...admin, ...api, ...worker]);
  const named = new Set([...page.matchAll(/`([A-Z][A-Z0-9_]{3,})`/g)].map((match) => match[1]!));
  expect([...named].sort()).toEqual([...read].sort());
});
