import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../../infra/dev/src/stack-options.ts';
import { TEST_PROJECTS } from '../../../infra/dev/src/test-projects.ts';
import { unitProject, unitReport, WORKSPACES } from '../../../infra/dev/src/workspaces.ts';
import config from '../../../vitest.config.ts';

interface Project {
  test: { name: string; include: string[]; exclude?: string[]; fileParallelism?: boolean; setupFiles?: string[] };
}

const projects = (config.test?.projects ?? []) as unknown as Project[];
const stateful = TEST_PROJECTS.filter((project) => !['types', 'lint', 'unit'].includes(project));

function filesOf(patterns: readonly string[]): string[] {
  return globSync([...patterns], {
    cwd: REPOSITORY,
    exclude: (name) => /^(node_modules|\..+)$/.test(path.basename(name)),
  });
}

function readJson(file: string) {
  return JSON.parse(readFileSync(path.join(REPOSITORY, file), 'utf8'));
}

/** Too long for every run: a separate command runs it. */
const APART = { 'chaos-long': 'test/soak/faults.ts' };

describe('the projects of npm test', () => {
  it('and the separate ones run every test file exactly once', () => {
    const claimed = projects.flatMap(({ test: { include, exclude = [] } }) =>
      filesOf(include).filter((file) => !exclude.some((pattern) => path.matchesGlob(file, pattern))),
    );
    expect(claimed.sort()).toEqual(filesOf(['**/*.test.ts']).sort());
  });

  it('have a Vitest project, a script that reports, and a task each', () => {
    const names = projects.map(({ test }) => test.name);
    const units = WORKSPACES.map(unitProject);
    const expected = [...units, ...stateful, ...Object.keys(APART)];
    expect([...names].sort()).toEqual(expected.sort());
    for (const [name, program] of Object.entries(APART)) {
      expect(readFileSync(path.join(REPOSITORY, program), 'utf8')).toContain(`'${name}'`);
    }
    const { scripts } = readJson('test/package.json');
    const { tasks } = readJson('turbo.json');
    for (const project of stateful) {
      expect(scripts[project]).toContain(`--project ${project} `);
      expect(scripts[project]).toContain(`--outputFile.json=reports/${project}.json`);
      expect(tasks[project]).toBeDefined();
    }
  });

  it('run the unit tests of each workspace by its script `test`', () => {
    for (const workspace of WORKSPACES) {
      const { scripts } = readJson(`${workspace}/package.json`);
      expect(scripts.test, workspace).toContain(`--project ${unitProject(workspace)} `);
      expect(scripts.test, workspace).toContain(`--outputFile.json=${unitReport(workspace)}`);
    }
    expect(readJson('turbo.json').tasks.test.outputs).toEqual(['reports/unit.json']);
  });

  it('refuse servers and processes in unit tests', () => {
    for (const workspace of WORKSPACES) {
      const project = projects.find(({ test }) => test.name === unitProject(workspace));
      expect(project?.test.setupFiles).toEqual(['test/support/unit-setup.ts']);
    }
  });

  it('are never cached where they start servers, and run one file at a time', () => {
    const { tasks } = readJson('turbo.json');
    for (const project of stateful) {
      expect(tasks[project].cache).toBe(false);
      expect(projects.find(({ test }) => test.name === project)?.test.fileParallelism).toBe(false);
    }
  });

  it('run in three chains after the quick projects, and the timed project runs alone at the end', () => {
    const { tasks } = readJson('turbo.json');
    const quick = ['//#types', '//#lint', '^test', 'test', 'contract'];
    const chains = [['e2e'], ['integration', 'leak'], ['webhooks', 'chaos']];
    for (const chain of chains) {
      for (const [index, project] of chain.entries()) {
        expect(tasks[project].dependsOn).toEqual(index === 0 ? quick : [chain[index - 1]]);
      }
    }
    expect(tasks['e2e-timed'].dependsOn).toEqual(chains.map((chain) => chain.at(-1)));
  });
});
