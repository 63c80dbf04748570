/** The workspaces of the repository: their folders, names, exports and declared dependencies. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Workspace {
  /** Relative to the repository, e.g. `packages/core`; empty for the root. */
  readonly folder: string;
  readonly name: string;
  /** Subpath patterns, e.g. `./*`. */
  readonly exports: readonly string[];
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
}

/** From every package.json among `files`. */
export function readWorkspaces(root: string, files: readonly string[]): Workspace[] {
  return files
    .filter((file) => path.basename(file) === 'package.json')
    .map((file) => parseWorkspace(path.dirname(file), readFileSync(path.join(root, file), 'utf8')))
    .sort((left, right) => right.folder.length - left.folder.length);
}

function parseWorkspace(folder: string, manifest: string): Workspace {
  const { name = '', exports = {}, ...rest } = JSON.parse(manifest);
  const names = (field: string) => new Set(Object.keys(rest[field] ?? {}));
  return {
    folder: folder === '.' ? '' : folder,
    name,
    exports: typeof exports === 'string' ? ['.'] : Object.keys(exports),
    dependencies: new Set([...names('dependencies'), ...names('peerDependencies'), ...names('optionalDependencies')]),
    devDependencies: names('devDependencies'),
  };
}

/** The innermost workspace around `file`. `workspaces` are ordered by depth, deepest first. */
export function workspaceOf(file: string, workspaces: readonly Workspace[]): Workspace | undefined {
  return workspaces.find(({ folder }) => folder === '' || file.startsWith(`${folder}/`));
}

/** `@scope/name/sub` → `@scope/name` and `./sub`. */
export function splitSpecifier(specifier: string): { name: string; subpath: string } {
  const parts = specifier.split('/');
  const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  return { name, subpath: `.${specifier.slice(name.length)}` };
}

/** Whether a workspace publishes a subpath. A `*` of its export map matches any text, as in Node. */
export function isExported({ exports }: Workspace, subpath: string): boolean {
  return exports.some((pattern) => {
    const [before, after] = pattern.split('*');
    if (after === undefined) return pattern === subpath;
    return subpath.length > before!.length + after.length && subpath.startsWith(before!) && subpath.endsWith(after);
  });
}
