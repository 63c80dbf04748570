import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../../infra/dev/src/stack-options.ts';
import { TEST_PROJECTS } from '../../../infra/dev/src/test-projects.ts';
import config from '../../../vitest.config.ts';

interface Project {
  test: { name: string; include: string[]; exclude?: string[]; fileParallelism?: boolean };
}

const projects = (config.test?.projects ?? []) as unknown as Project[];
const reporting = TEST_PROJECTS.filter((project) => project !== 'types' && project !== 'lint');

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

describe('the projects of npm test', () => {
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
    for (const project of reporting) {
      expect(scripts[project]).toContain(`--project ${project} `);
      expect(scripts[project]).toContain(`--outputFile.json=reports/${project}.json`);
      expect(tasks[project]).toBeDefined();
    }
  });

  it('are never cached and never run side by side where they start servers', () => {
    const { tasks } = readJson('turbo.json');
    const stateful = reporting.filter((project) => project !== 'unit');
    for (const [index, project] of stateful.entries()) {
      expect(tasks[project].cache).toBe(false);
      if (index > 0) expect(tasks[project].dependsOn).toContain(stateful[index - 1]);
      expect(projects.find(({ test }) => test.name === project)?.test.fileParallelism).toBe(false);
    }
    expect(tasks.contract.dependsOn).toEqual(['//#types', '//#lint', 'unit']);
  });
});
