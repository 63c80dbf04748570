import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LEVELS } from '../../../infra/dev/src/levels.ts';
import { REPOSITORY } from '../../../infra/dev/src/stack-options.ts';
import config from '../../../vitest.config.ts';

interface Project {
  test: { name: string; include: string[]; exclude?: string[]; fileParallelism?: boolean };
}

const projects = (config.test?.projects ?? []) as unknown as Project[];
const reporting = LEVELS.filter((level) => level !== 'types' && level !== 'lint');

function filesOf(patterns: readonly string[]): string[] {
  return globSync([...patterns], {
    cwd: REPOSITORY,
    exclude: (name) => /^(node_modules|\..+)$/.test(path.basename(name)),
  });
}

function readJson(file: string) {
  return JSON.parse(readFileSync(path.join(REPOSITORY, file), 'utf8'));
}

/** Too long for every run: a command of its own runs it. */
const APART = { 'chaos-long': 'test/soak/faults.ts' };

describe('the levels of npm test', () => {
  it('and what runs apart run every test file there is, each once', () => {
    const claimed = projects.flatMap(({ test: { include, exclude = [] } }) =>
      filesOf(include).filter((file) => !exclude.some((pattern) => path.matchesGlob(file, pattern))),
    );
    expect(claimed.sort()).toEqual(filesOf(['**/*.test.ts']).sort());
  });

  it('have a project, a script that reports, and a task each', () => {
    const names = projects.map(({ test }) => test.name);
    expect(names.filter((name) => !Object.hasOwn(APART, name))).toEqual(reporting);
    for (const [name, program] of Object.entries(APART)) {
      expect(names).toContain(name);
      expect(readFileSync(path.join(REPOSITORY, program), 'utf8')).toContain(`'${name}'`);
    }
    const { scripts } = readJson('test/package.json');
    const { tasks } = readJson('turbo.json');
    for (const level of reporting) {
      expect(scripts[level]).toContain(`--project ${level} `);
      expect(scripts[level]).toContain(`--outputFile.json=reports/${level}.json`);
      expect(tasks[level]).toBeDefined();
    }
  });

  it('are never cached and never run side by side where they start servers', () => {
    const { tasks } = readJson('turbo.json');
    const stateful = reporting.filter((level) => level !== 'unit');
    for (const [index, level] of stateful.entries()) {
      expect(tasks[level].cache).toBe(false);
      if (index > 0) expect(tasks[level].dependsOn).toContain(stateful[index - 1]);
      expect(projects.find(({ test }) => test.name === level)?.test.fileParallelism).toBe(false);
    }
    expect(tasks.contract.dependsOn).toEqual(['//#types', '//#lint', 'unit']);
  });
});
