/**
 * The npm workspaces of this repository, as `package.json` lists them. `vitest.config.ts` makes one unit project of each,
 * and `npm test` reads one report of each.
 */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** Paths relative to the repository, for example `apps/api`. */
export const WORKSPACES: readonly string[] = readWorkspaces();

function readWorkspaces(): string[] {
  const { workspaces } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { workspaces: string[] };
  const manifests = workspaces.flatMap((pattern) => globSync(`${pattern}/package.json`, { cwd: ROOT }));
  return manifests.map((file) => path.dirname(file)).sort();
}

/** The Vitest project of a workspace's unit tests. */
export function unitProject(workspace: string): string {
  return `unit-${path.basename(workspace)}`;
}

/** The JSON report of a workspace's unit tests, relative to the repository. */
export function unitReport(workspace: string): string {
  return `${workspace}/reports/unit.json`;
}
