/** Writes wrong imports, at least one for each rule, and shows that the check refuses each. */
import { describe, expect, it } from 'vitest';
import { listFiles, REPOSITORY } from '../repository.ts';
import { findWrongImports } from './check.ts';
import { MAY_IMPORT, ROWS } from './rules.ts';
import { readWorkspaces } from './workspaces.ts';

const workspaces = readWorkspaces(REPOSITORY, listFiles(REPOSITORY));

/** The messages for files that do not exist, in the workspaces that do. */
function refusals(files: Readonly<Record<string, string>>): string[] {
  const sources = Object.entries(files).map(([file, text]) => ({ file, text }));
  return findWrongImports(sources, workspaces).map(({ message }) => message);
}

/** One file in each place, so that a probe shows only the direction. */
const CORE = 'packages/core/src/job/probe.ts';
const API = 'apps/api/src/probe.ts';

describe('the six probes of the review', () => {
  it.each([
    ['a package imports an app by path', CORE, "import '../../../../apps/api/src/app.ts';"],
    ['a core folder imports a higher one', CORE, "import { eraseJob } from '../erasure/index.ts';"],
    ['a package imports a higher package', 'packages/webhook/src/probe.ts', "import '@cardseal/core/queue';"],
    ['an app imports another app by path', API, "import '../../worker/src/app.ts';"],
    [
      'another package imports an app by path',
      'packages/webhook/src/probe.ts',
      "import '../../../apps/api/src/app.ts';",
    ],
    ['a core folder imports the ledger above it', CORE, "import type { Ledger } from '../ledger/index.ts';"],
  ])('%s', (_, file, text) => {
    expect(refusals({ [file]: text })).not.toEqual([]);
  });
});

describe('every form of an import', () => {
  it.each([
    "import '@cardseal/worker';",
    "import { x } from '@cardseal/worker';",
    "import type { x } from '@cardseal/worker';",
    "import { type x } from '@cardseal/worker';",
    "export { x } from '@cardseal/worker';",
    "export type { x } from '@cardseal/worker';",
    "export * from '@cardseal/worker';",
    "await import('@cardseal/worker');",
    "let x: import('@cardseal/worker').X;",
    "import.meta.resolve('@cardseal/worker');",
    "vi.mock('@cardseal/worker');",
    "new Worker(new URL('../../worker/src/app.ts', import.meta.url));",
  ])('%s', (text) => {
    expect(refusals({ [API]: text })).not.toEqual([]);
  });
});

describe('each rule', () => {
  it.each([
    ['may not import apps/worker', API, "import '@cardseal/worker';"],
    ['may not import apps/api', 'packages/client/src/probe.ts', "import '@cardseal/api';"],
    ['may not import packages/core', 'apps/emulator/src/probe.ts', "import '@cardseal/core/job';"],
    ['may not import test', 'infra/dev/src/probe.ts', "import '@cardseal/test';"],
    ['may not import infra/dev', API, "import '@cardseal/dev';"],
    ['is undeclared', API, "import 'bullmq';"],
    ['is undeclared', API, "import type { Queue } from 'bullmq';"],
    ['is undeclared', 'infra/lint/src/probe.ts', "import '@cardseal/core/job';"],
    ['is undeclared', 'apps/api/src/probe.test.ts', "import 'bullmq';"],
    ['is a devDependency', 'packages/webhook/src/probe.ts', "import 'ipaddr.js';"],
    ['write "node:fs"', API, "import 'fs';"],
    ['is not exported', API, "import '@cardseal/webhook/src/sign.ts';"],
    ['is not exported', API, "import '@cardseal/core';"],
    ['leaves its workspace', API, "import '../../../packages/webhook/src/sign.ts';"],
    ['leaves its workspace', 'apps/api/src/probe.test.ts', "import '../../worker/src/app.ts';"],
    ['leaves its workspace', 'infra/dev/src/probe.ts', "import '../../lint/src/main.ts';"],
    ['imports itself', 'packages/core/src/queue/probe.ts', "import '@cardseal/core/job';"],
    ['is test code', API, "import './app.test.ts';"],
    ['is test code', 'packages/pacer/src/probe.ts', "import './redis-for-tests.ts';"],
    ['is for tests only', API, "import 'vitest';"],
    ['is a program', API, "import './main.ts';"],
    ['imports run downwards', 'packages/core/src/log/probe.ts', "import '../job/index.ts';"],
    ['is in no row', 'packages/core/src/no-such-row/probe.ts', "import '../job/index.ts';"],
    ['through an index.ts', 'packages/core/src/queue/probe.ts', "import '../job/ids.ts';"],
  ])('%s: %s', (message, file, text) => {
    expect(refusals({ [file]: text }).join('\n')).toContain(message);
  });

  it.each(['import', 'import type', 'export type'])('refuses a cycle of files through "%s"', (form) => {
    const files = {
      'apps/api/src/a.ts': "import { b } from './b.ts';",
      'apps/api/src/b.ts': `${form} { c } from './c.ts';`,
      'apps/api/src/c.ts': "import { a } from './a.ts';",
    };
    expect(refusals(files)).toEqual([expect.stringMatching(/files import each other.*a\.ts.*b\.ts.*c\.ts/)]);
  });

  it('refuses a cycle of folders in one row without a cycle of files', () => {
    const files = {
      'packages/core/src/log/a.ts': "import type { b } from '../trace/index.ts';",
      'packages/core/src/trace/c.ts': "import type { d } from '../log/index.ts';",
    };
    expect(refusals(files)).toEqual([expect.stringContaining('folders import each other')]);
  });
});

it('accepts imports in the intended directions', () => {
  const files = {
    'packages/core/src/queue/probe.ts': "import '../job/index.ts'; import '@cardseal/base/errors'; import 'node:fs';",
    'apps/api/src/probe.ts': "import '@cardseal/core/queue'; import { z } from 'zod'; import './app.ts';",
    'apps/api/src/probe.test.ts': "import 'vitest'; import 'fast-check'; import './app.ts';",
    'test/probe.ts': "import '@cardseal/dev'; import '../apps/worker/src/app.ts';",
    'docs/examples/probe.ts': "import '@cardseal/client';",
  };
  expect(refusals(files)).toEqual([]);
});

it('has a row for every folder and a table entry for every workspace', () => {
  const files = listFiles(REPOSITORY);
  const missing = workspaces.map(({ folder }) => folder).filter((folder) => folder !== '' && !(folder in MAY_IMPORT));
  const folders = files.flatMap((file) => /^packages\/core\/src\/([^/]+)\//.exec(file)?.[1] ?? []);
  const withoutRow = [...new Set(folders)].filter((folder) => !ROWS['packages/core/src']!.flat().includes(folder));
  expect({ missing, withoutRow }).toEqual({ missing: [], withoutRow: [] });
});
