/** The import check: holds every import of the repository against `rules.ts` and the package.json files. */
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { type Finding, sortFindings } from '../findings.ts';
import { listFiles, readSource, type SourceFile } from '../repository.ts';
import { connect, findCycles } from './cycles.ts';
import { type Import, importsOf } from './imports-of.ts';
import { CROSSINGS, MAY_IMPORT, NOT_READ, PROGRAM, ROWS, TEST_CODE, TEST_PACKAGES, UNDECLARED } from './rules.ts';
import { isExported, readWorkspaces, splitSpecifier, type Workspace, workspaceOf } from './workspaces.ts';

const CODE = /\.m?[jt]s$/;

export function checkImports(root: string): Finding[] {
  const files = listFiles(root);
  const sources = files
    .filter((file) => CODE.test(file) && !NOT_READ.includes(file))
    .map((file) => readSource(root, file));
  return findWrongImports(sources, readWorkspaces(root, files));
}

/** `workspaces` are ordered by depth, deepest first. */
export function findWrongImports(sources: readonly SourceFile[], workspaces: readonly Workspace[]): Finding[] {
  const found: Finding[] = [];
  const fileEdges = new Map<string, Set<string>>();
  const folderEdges = new Map<string, Set<string>>();
  for (const { file, text } of sources) {
    for (const imported of importsOf(file, text)) {
      const { target, problems } = imported.specifier.startsWith('.')
        ? relativeImport(file, imported.specifier, workspaces)
        : packageImport(file, imported, workspaces);
      found.push(...problems.map((message) => ({ file, line: imported.line, message })));
      if (target === null) continue;
      connect(fileEdges, file, target);
      for (const [from, to] of folderEdge(file, target)) connect(folderEdges, from, to);
    }
  }
  return sortFindings([...found, ...cycleFindings('files', fileEdges), ...cycleFindings('folders', folderEdges)]);
}

interface Checked {
  /** The imported file; null for a package. */
  readonly target: string | null;
  readonly problems: readonly string[];
}

function relativeImport(file: string, specifier: string, workspaces: readonly Workspace[]): Checked {
  const target = path.posix.join(path.posix.dirname(file), specifier);
  const problems: string[] = [];
  const crosses = workspaceOf(file, workspaces) !== workspaceOf(target, workspaces);
  const allowed = CROSSINGS.some(({ from, to }) => from.test(file) && to.test(target));
  if (crosses && !allowed)
    problems.push(`"${specifier}" leaves its workspace: import the package by name, through what it exports`);
  if (!isTest(file) && TEST_CODE.test(target))
    problems.push(`"${specifier}" is test code: production code may not import it`);
  if (!isTest(file) && PROGRAM.test(target))
    problems.push(`"${specifier}" is a program: importing it starts a process`);
  return { target, problems: [...problems, ...rowProblems(file, target)] };
}

function packageImport(file: string, imported: Import, workspaces: readonly Workspace[]): Checked {
  const { specifier } = imported;
  if (specifier.startsWith('node:')) return { target: null, problems: [] };
  if (isBuiltin(specifier))
    return { target: null, problems: [`"${specifier}" is part of Node: write "node:${specifier}"`] };
  const problems = [
    ...declarationProblems(file, imported, workspaces),
    ...workspaceProblems(file, specifier, workspaces),
  ];
  const { name } = splitSpecifier(specifier);
  if (!isTest(file) && TEST_PACKAGES.includes(name)) problems.push(`"${name}" is for tests only`);
  return { target: null, problems };
}

function declarationProblems(
  file: string,
  { specifier, typeOnly }: Import,
  workspaces: readonly Workspace[],
): string[] {
  const { name } = splitSpecifier(specifier);
  const own = workspaceOf(file, workspaces);
  if (own === undefined || own.name === name || own.dependencies.has(name) || isBelowAny(file, Object.keys(UNDECLARED)))
    return [];
  const manifest = path.posix.join(own.folder, 'package.json');
  if (own.devDependencies.has(name)) {
    const mayUseTools = typeOnly || isTest(file) || own.folder === '';
    return mayUseTools ? [] : [`"${name}" is a devDependency in ${manifest}, but production code needs it`];
  }
  // The root declares the tools that the tests of every workspace share.
  const isSharedTool =
    isTest(file) && workspaces.some(({ folder, devDependencies }) => folder === '' && devDependencies.has(name));
  return isSharedTool ? [] : [`"${name}" is undeclared: add it to the dependencies in ${manifest}`];
}

function workspaceProblems(file: string, specifier: string, workspaces: readonly Workspace[]): string[] {
  const { name, subpath } = splitSpecifier(specifier);
  const imported = workspaces.find((workspace) => workspace.name === name);
  if (imported === undefined) return [];
  if (workspaceOf(file, workspaces) === imported) return [`"${name}" imports itself: use a relative path`];
  const problems: string[] = [];
  if (!mayImport(file, imported.folder))
    problems.push(`this part may not import ${imported.folder}: see MAY_IMPORT in infra/lint/src/imports/rules.ts`);
  if (!isExported(imported, subpath))
    problems.push(`"${specifier}" is not exported by ${imported.folder}/package.json: import what it exports`);
  return problems;
}

function mayImport(file: string, to: string): boolean {
  const part = Object.keys(MAY_IMPORT).find((folder) => isBelowAny(file, [folder]));
  const allowed = part === undefined ? [] : MAY_IMPORT[part]!;
  return allowed.some((folder) => folder === to || folder === `${path.posix.dirname(to)}/*`);
}

function isBelowAny(file: string, folders: readonly string[]): boolean {
  return folders.some((folder) => file.startsWith(`${folder}/`));
}

/** Between the folders of a package: rows run one way, and a folder is entered through its index.ts. */
function rowProblems(file: string, target: string): string[] {
  const folders = foldersOf(file, target);
  if (folders === null || isTest(file)) return [];
  const { base, from, to } = folders;
  const row = (folder: string) => ROWS[base]!.findIndex((names) => names.includes(folder));
  if (row(from) < 0 || row(to) < 0)
    return [`${base}/${row(from) < 0 ? from : to} is in no row: add it to ROWS in infra/lint/src/imports/rules.ts`];
  const problems: string[] = [];
  if (row(from) > row(to)) problems.push(`${from} may not import ${to}: imports run downwards in the rows of ${base}`);
  if (path.posix.basename(target) !== 'index.ts')
    problems.push(`import ${to} through an index.ts, not ${path.posix.basename(target)}`);
  return problems;
}

/** The first-level folders below a package with rows, or null when both files are in one folder. */
function foldersOf(file: string, target: string): { base: string; from: string; to: string } | null {
  const base = Object.keys(ROWS).find((folder) => file.startsWith(`${folder}/`) && target.startsWith(`${folder}/`));
  if (base === undefined) return null;
  const [from, to] = [file, target].map((name) => name.slice(base.length + 1).split('/')[0]!) as [string, string];
  return from === to ? null : { base, from, to };
}

function folderEdge(file: string, target: string): [string, string][] {
  const folders = isTest(file) ? null : foldersOf(file, target);
  return folders === null ? [] : [[`${folders.base}/${folders.from}`, `${folders.base}/${folders.to}`]];
}

function cycleFindings(what: 'files' | 'folders', edges: ReadonlyMap<string, ReadonlySet<string>>): Finding[] {
  return findCycles(edges).map((group) => ({
    file: group[0]!,
    line: 1,
    message: `these ${what} import each other (type-only imports count): ${group.join(', ')}`,
  }));
}

function isTest(file: string): boolean {
  return file.startsWith('test/') || file === 'vitest.config.ts' || TEST_CODE.test(file);
}
