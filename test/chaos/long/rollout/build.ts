/**
 * A build of the product: this repository, or a copy of it at another path with another version. Workspace packages of
 * the copy resolve inside the copy; third-party packages are shared.
 */
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface Build {
  root: string;
  version: string;
}

const REPOSITORY = path.resolve(import.meta.dirname, '../../../..');
const SOURCES = ['apps', 'packages', 'package.json'];
const SCOPE = '@cardseal';
/** Processes report the version of this package. */
const VERSIONED = 'packages/core/package.json';

export async function thisBuild(): Promise<Build> {
  const { version } = JSON.parse(await readFile(path.join(REPOSITORY, VERSIONED), 'utf8'));
  return { root: REPOSITORY, version };
}

export async function copiedBuild(root: string, version: string): Promise<Build> {
  await mkdir(path.join(root, 'node_modules', SCOPE), { recursive: true });
  const filter = (source: string) => !/node_modules|\.test\.ts$/.test(path.relative(REPOSITORY, source));
  for (const source of SOURCES) {
    await cp(path.join(REPOSITORY, source), path.join(root, source), { recursive: true, filter });
  }
  for (const name of await readdir(path.join(REPOSITORY, 'node_modules'))) {
    if (name === SCOPE || name.startsWith('.')) continue;
    await symlink(path.join(REPOSITORY, 'node_modules', name), path.join(root, 'node_modules', name));
  }
  for (const folder of ['apps', 'packages']) {
    for (const name of await readdir(path.join(root, folder))) {
      await symlink(path.join(root, folder, name), path.join(root, 'node_modules', SCOPE, name));
    }
  }
  const file = path.join(root, VERSIONED);
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), version }));
  return { root, version };
}
