/**
 * Builds what is published: plain JavaScript with types, because Node strips no types inside node_modules. In this
 * repository the sources are used as they are. `node packages/client/build-package.ts FOLDER`, then `npm publish FOLDER`.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const here = import.meta.dirname;

/** The folder is filled, not emptied. */
export function buildPackage(folder: string): void {
  execFileSync('tsc', ['-p', path.join(here, 'tsconfig.publish.json'), '--outDir', folder], { stdio: 'inherit' });
  const { name, version, description, license, type, dependencies } = JSON.parse(
    readFileSync(path.join(here, 'package.json'), 'utf8'),
  );
  const published = {
    name,
    version,
    description,
    license,
    type,
    engines: { node: '>=20' },
    sideEffects: false,
    exports: { '.': { types: './index.d.ts', default: './index.js' }, './package.json': './package.json' },
    dependencies,
  };
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
  copyFileSync(path.join(here, 'README.md'), path.join(folder, 'README.md'));
  copyFileSync(path.join(here, '../../LICENSE'), path.join(folder, 'LICENSE'));
}

if (import.meta.main) buildPackage(path.resolve(process.argv[2] ?? 'client-package'));
