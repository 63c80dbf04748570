/**
 * Watches the sources for `npm run dev` and reports which children a change affects. It starts and stops nothing. The
 * launcher has its own watcher because `node --watch` keeps running after a crash, so the supervisor would not notice it.
 */
import { existsSync, watch } from 'node:fs';
import path from 'node:path';

/** An editor writes a file in several steps, and a branch switch writes many files. Both become one restart. */
const SETTLE_MS = 300;
const FOLDERS = ['apps', 'packages', 'infra/dev/s3'];
const APPS = ['api', 'admin'];

/**
 * The children that run this file. `file` is relative to the repository. Empty for tests, for files that are not code,
 * and for folders that no child of the stack uses.
 */
export function affectedBy(file: string, workers: readonly string[]): string[] {
  const parts = file.split(path.sep);
  if (!/\.(ts|lua|css|html|js)$/.test(file) || /\.test\.ts$/.test(file) || parts.includes('node_modules')) return [];
  const [top, name] = parts;
  // The emulator shares no code with the product.
  if (top === 'packages') return [...APPS, ...workers];
  if (top === 'infra') return ['s3'];
  if (name === 'worker') return [...workers];
  return name && [...APPS, 'emulator'].includes(name) ? [name] : [];
}

/** Calls `onChange` with the affected children and one changed file, at most once per `SETTLE_MS`. */
export function createSourceWatcher(
  root: string,
  workers: readonly string[],
  onChange: (children: string[], file: string) => void,
): { close(): void } {
  const affected = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const report = (file: string) => {
    const children = [...affected];
    affected.clear();
    onChange(children, file);
  };
  const watchers = FOLDERS.filter((folder) => existsSync(path.join(root, folder))).map((folder) =>
    watch(path.join(root, folder), { recursive: true }, (_, name) => {
      if (name === null) return;
      const file = path.join(folder, name);
      const children = affectedBy(file, workers);
      if (children.length === 0) return;
      for (const child of children) affected.add(child);
      clearTimeout(timer);
      timer = setTimeout(report, SETTLE_MS, file);
    }),
  );
  return {
    close() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}
