/**
 * The entry pages describe the tree as it is: ARCHITECTURE.md names every top-level folder, its import table and its
 * diagram are the code's, every command for contributors exists, and CI runs every project of `npm test`.
 */
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { JOB_STATES, TRANSITIONS } from '@cardseal/core/job';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runsTypeScript } from '../../../infra/dev/src/boot/runtime.mjs';
import { TEST_PROJECTS } from '../../../infra/dev/src/test-projects.ts';
import { blocksOf, commandsOf, ROOT } from '../../support/pages/blocks.ts';

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const architecture = read('ARCHITECTURE.md');
const GUIDES = ['CONTRIBUTING.md', ...globSync('docs/develop/*.md', { cwd: ROOT })];

/** Paths in backticks. A name in capitals means any name. */
function pathsIn(text: string): string[] {
  const code = [...text.matchAll(/`([^`\n]+)`/g)].map(([, inside]) => inside!);
  const named = code.filter((one) => /^\.?(apps|packages|infra|test|docs|vscode|github)\/[\w./-]+$/.test(one));
  return [...new Set(named)].filter((one) => !/\/NAME/.test(one));
}

function foldersOf(parent: string): string[] {
  return readdirSync(path.join(ROOT, parent))
    .map((name) => `${parent}/${name}`)
    .filter((name) => !name.endsWith('node_modules') && statSync(path.join(ROOT, name)).isDirectory());
}

describe('ARCHITECTURE.md', () => {
  const folders = ['apps', 'packages', 'infra', 'test'].flatMap(foldersOf);

  it('names every top-level folder', () => {
    expect(folders.length).toBeGreaterThan(20);
    expect(folders.filter((folder) => !architecture.includes(`| \`${folder}\` |`))).toEqual([]);
  });

  it('names every folder of core and of the apps with a pipeline', () => {
    const inside = ['packages/core/src', 'apps/api/src', 'apps/worker/src'].flatMap(foldersOf);
    expect(inside.filter((folder) => !architecture.includes(`\`${folder}\``))).toEqual([]);
  });

  it.each(['ARCHITECTURE.md', 'README.md', ...GUIDES])('%s names only files and folders that exist', (page) => {
    expect(pathsIn(read(page)).filter((named) => !existsSync(path.join(ROOT, named)))).toEqual([]);
  });

  it('lists for each app and package the packages that it declares', () => {
    const declared = [...foldersOf('apps'), ...foldersOf('packages')].map((folder) => {
      const { dependencies = {} } = JSON.parse(read(`${folder}/package.json`)) as { dependencies?: object };
      const internal = Object.keys(dependencies).filter((name) => name.startsWith('@cardseal/'));
      return [folder, internal.map((name) => name.slice('@cardseal/'.length)).sort()];
    });
    const shown = [...architecture.matchAll(/^\| `((?:apps|packages)\/[\w-]+)` \| [^|]+ \| ([^|]+) \|$/gm)];
    const listed = shown.map(([, folder, names]) => [
      folder,
      [...names!.matchAll(/`([\w-]+)`/g)].map(([, n]) => n).sort(),
    ]);
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(declared));
  });

  it('draws the states of a job as they are', () => {
    const diagram = architecture.split('## States of a job')[1]!.split('```mermaid\n')[1]!.split('```')[0]!;
    const drawn = [...diagram.matchAll(/^ {2}(\w+) --> (\w+)/gm)].map(([, from, to]) => `${from} ${to}`);
    expect(drawn.sort()).toEqual(JOB_STATES.flatMap((from) => TRANSITIONS[from].map((to) => `${from} ${to}`)).sort());
  });
});

/** Steps that a package does: the code that the worker's step before them calls. */
const IN_PACKAGES: Record<string, string> = {
  decrypt: 'packages/providers/src/baidu/provider.ts',
  send: 'packages/webhook/src/send.ts',
};

describe('the pipelines', () => {
  const rows = [...read('README.md').matchAll(/^(API|worker: \w+) +(\w+(?: → \w+)+)$/gm)];
  const shown: Record<string, string[]> = Object.fromEntries(
    rows.map(([, name, steps]) => [name, steps!.split(' → ')]),
  );
  const cases = [
    { name: 'API', folder: 'apps/api/src/pipeline', header: 'apps/api/src/app.ts' },
    ...['recognize', 'deliver'].map((name) => {
      const worker = `apps/worker/src/${name}`;
      return { name: `worker: ${name}`, folder: `${worker}/steps`, header: `${worker}/pipeline.ts` };
    }),
  ];

  it.each(cases)('$name: the README shows what $folder contains', ({ name, folder }) => {
    const files = readdirSync(path.join(ROOT, folder)).filter((file) => !file.endsWith('.test.ts'));
    const steps = files.map((file) => file.replace(/\.ts$/, ''));
    const expected = shown[name]!.filter((step) => !IN_PACKAGES[step] || steps.includes(step));
    expect(steps.sort()).toEqual(expected.sort());
    for (const step of shown[name]!.filter((one) => !steps.includes(one)))
      expect(existsSync(path.join(ROOT, IN_PACKAGES[step]!)), step).toBe(true);
  });

  it.each(cases)('$name: the header of $header names the steps in their order', ({ name, header }) => {
    const comment = /^\/\*\*([\s\S]*?)\*\//.exec(read(header))![1]!;
    const named = comment.match(new RegExp(`\\b(${shown[name]!.join('|')})\\b`, 'g'));
    expect([...new Set(named)]).toEqual(shown[name]);
  });

  it('are the same in ARCHITECTURE.md', () => {
    for (const steps of Object.values(shown)) expect(architecture).toContain(steps.join(' → '));
  });
});

describe('the commands for contributors', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const commands = GUIDES.flatMap((page) =>
    blocksOf(page, 'sh').flatMap((block) => commandsOf(block).map((command) => ({ page, command }))),
  );

  it('are found', () => expect(commands.length).toBeGreaterThan(12));

  it.each(commands)('$page: $command', ({ command }) => {
    const [, script] = /\bnpm (?:run )?(?:--silent )?([a-z][\w:]*)/.exec(command) ?? [];
    if (script && script !== 'ci') expect(Object.keys(scripts)).toContain(script);
    const [, selected] = /\bnpm test -- ([^#]+)/.exec(command.replace(/ -t "[^"]*"/, '')) ?? [];
    const isPath = (name: string) => existsSync(path.join(ROOT, name));
    for (const name of selected?.trim().split(/\s+/) ?? [])
      expect(isPath(name) || TEST_PROJECTS.some((project) => project === name), name).toBe(true);
    const [, tool] = /\bnpx (\w+)/.exec(command) ?? [];
    if (tool) expect(existsSync(path.join(ROOT, 'node_modules/.bin', tool)), tool).toBe(true);
    for (const [named] of command.matchAll(/(?<![\w/.])(?:apps|packages|infra|test|docs)\/[\w./-]+/g))
      expect(existsSync(path.join(ROOT, named)), named).toBe(true);
  });
});

describe('the required Node', () => {
  const { engines, optionalDependencies } = JSON.parse(read('package.json'));
  const running = read('.nvmrc').trim();

  it('is the same in package.json, .nvmrc and the entry pages', () => {
    for (const version of Object.values(optionalDependencies as Record<string, string>))
      expect(version.split('.')[0]).toBe(running);
    const least = /^>=(\d+\.\d+)$/.exec(engines.node)![1]!;
    for (const page of ['README.md', 'README.zh-CN.md', 'CONTRIBUTING.md'])
      for (const version of ['20', running, least]) expect(read(page), page).toMatch(new RegExp(`\\b${version}\\b`));
  });

  it('is what the launcher accepts', () => {
    const [major, minor] = engines.node.slice(2).split('.').map(Number);
    expect(runsTypeScript(`${major}.${minor}.0`)).toBe(true);
    expect(runsTypeScript(`${major}.${minor - 1}.9`)).toBe(false);
  });
});

describe('CI', () => {
  const workflow = parse(read('.github/workflows/ci.yml'));

  it('runs every project of npm test, each in one shard', () => {
    const shards = workflow.jobs.test.strategy.matrix.projects as string[];
    expect(shards.flatMap((projects) => projects.split(' ')).sort()).toEqual([...TEST_PROJECTS].sort());
    expect(JSON.stringify(workflow.jobs.test.steps)).toContain('npm test -- $PROJECTS');
  });

  it('asks owners for folders that exist', () => {
    const owned = [...read('.github/CODEOWNERS').matchAll(/^\/(\S+)/gm)].map(([, one]) => one!);
    expect(owned.length).toBeGreaterThan(4);
    expect(owned.filter((one) => !existsSync(path.join(ROOT, one)))).toEqual([]);
  });

  it('uses actions by the hash of a version, and images by a whole version', () => {
    const uses = [...read('.github/workflows/ci.yml').matchAll(/^\s+- uses: (.+)$/gm)].map(([, one]) => one);
    expect(uses.length).toBeGreaterThan(2);
    for (const one of uses) expect(one).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    for (const [, image] of read('.github/workflows/ci.yml').matchAll(/^\s+container: (.+)$/gm))
      expect(image).toMatch(/^node:(\d+\.\d+\.\d+|\$\{\{ matrix\.node \}\})-bookworm$/);
  });
});
