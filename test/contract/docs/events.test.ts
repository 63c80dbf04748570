/** The events page lists every log event, and the code writes every one. */
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import path from 'node:path';
import { EVENTS, type EventDefinition } from '@cardseal/core/log';
import { expect, it } from 'vitest';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');
const page = readFileSync(path.join(REPOSITORY, 'docs/operate/events.md'), 'utf8');

it('has one row per event with its level, fields and text', () => {
  const shown = Object.fromEntries(
    [...page.matchAll(/^\| `([\w.]+)` \| ([^|]+) \| ([^|]+) \| (.+) \|$/gm)].map(
      ([, name, levels, fields, description]) => [
        name,
        {
          level: levels!.split(', '),
          fields: [...fields!.matchAll(/`(\w+)`/g)].map(([, field]) => field),
          description,
        },
      ],
    ),
  );
  const wanted = Object.fromEntries(
    Object.entries<EventDefinition>(EVENTS).map(([name, { level, fields, description }]) => [
      name,
      { level: [level].flat(), fields: [...fields], description },
    ]),
  );
  expect(shown).toEqual(wanted);
});

it('some source writes every event, by its name or by its prefix', async () => {
  const sources = await Array.fromAsync(glob('{apps,packages}/*/src/**/*.ts', { cwd: REPOSITORY }));
  const text = sources
    .filter((file) => !file.endsWith('.test.ts') && !file.endsWith('log/events.ts'))
    .map((file) => readFileSync(path.join(REPOSITORY, file), 'utf8'))
    .join('\n');
  const written = (name: string) =>
    text.includes(`'${name}'`) || text.includes(`\`${name.slice(0, name.indexOf('.') + 1)}\${`);
  expect(Object.keys(EVENTS).filter((name) => !written(name))).toEqual([]);
});
