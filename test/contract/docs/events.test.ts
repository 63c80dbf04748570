/** The page of events names what there is, and all of it; and what it names is written somewhere. */
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import path from 'node:path';
import { EVENTS, type EventDefinition } from '@cardseal/core/log';
import { expect, it } from 'vitest';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');
const page = readFileSync(path.join(REPOSITORY, 'docs/operate/events.md'), 'utf8');

it('has a row for each event, with its level, its fields and what it says, and no other', () => {
  const shown = Object.fromEntries(
    [...page.matchAll(/^\| `([\w.]+)` \| ([^|]+) \| ([^|]+) \| (.+) \|$/gm)].map(([, name, levels, fields, says]) => [
      name,
      { level: levels!.split(', '), fields: [...fields!.matchAll(/`(\w+)`/g)].map(([, field]) => field), says },
    ]),
  );
  const wanted = Object.fromEntries(
    Object.entries<EventDefinition>(EVENTS).map(([name, { level, fields, says }]) => [
      name,
      { level: [level].flat(), fields: [...fields], says },
    ]),
  );
  expect(shown).toEqual(wanted);
});

it('every event is written somewhere, by its name or by the beginning of it', async () => {
  const sources = await Array.fromAsync(glob('{apps,packages}/*/src/**/*.ts', { cwd: REPOSITORY }));
  const text = sources
    .filter((file) => !file.endsWith('.test.ts') && !file.endsWith('log/events.ts'))
    .map((file) => readFileSync(path.join(REPOSITORY, file), 'utf8'))
    .join('\n');
  const written = (name: string) =>
    text.includes(`'${name}'`) || text.includes(`\`${name.slice(0, name.indexOf('.') + 1)}\${`);
  expect(Object.keys(EVENTS).filter((name) => !written(name))).toEqual([]);
});
