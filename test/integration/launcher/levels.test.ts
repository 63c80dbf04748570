import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LEVELS } from '../../../infra/dev/src/levels.ts';
import { REPOSITORY } from '../../../infra/dev/src/stack-options.ts';
import config from '../../../vitest.config.ts';

interface Project {
  test: { name: string; include: string[]; fileParallelism?: boolean };
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

describe('the levels of npm test', () => {
  it('run every test file there is, each once', () => {
    const claimed = projects.flatMap(({ test }) => filesOf(test.include));
    expect(claimed.sort()).toEqual(filesOf(['**/*.test.ts']).sort());
  });

  it('have a project, a script that reports, and a task each', () => {
    expect(projects.map(({ test }) => test.name)).toEqual(reporting);
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
