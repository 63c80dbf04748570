/** The published form of the client: packed, unpacked, run by a plain Node and compiled against. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPackage } from '../../../packages/client/build-package.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../../..');

describe('the package of the client', () => {
  let folder: string;
  let built: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'cardseal-client-'));
    built = path.join(folder, 'built');
    await mkdir(built);
    buildPackage(built);
    const modules = path.join(folder, 'node_modules');
    await cp(built, path.join(modules, '@cardseal/client'), { recursive: true });
    for (const name of ['jose', '@types', 'undici-types']) {
      await symlink(path.join(root, 'node_modules', name), path.join(modules, name));
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('contains JavaScript, types, a page and the licence, but no test, source or secret', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--offline'], { cwd: built });
    const packed = JSON.parse(stdout);
    const [{ files }] = Array.isArray(packed) ? packed : Object.values<{ files: { path: string }[] }>(packed);
    const names = files.map(({ path: name }: { path: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'index.js', 'index.d.ts']));
    expect(names.filter((name: string) => !/^(LICENSE|README\.md|package\.json|.+\.(js|d\.ts))$/.test(name))).toEqual(
      [],
    );
    expect(names.filter((name: string) => name.includes('test'))).toEqual([]);
  });

  it('can be imported by a plain Node', async () => {
    const program =
      "import { createClient, ConnectionError, verifyWebhook, decryptPayload } from '@cardseal/client';" +
      "const client = createClient({ baseUrl: 'http://127.0.0.1:9', apiKey: 'x', retries: 0 });" +
      "const error = await client.jobs.get('job_1').catch((thrown) => thrown);" +
      'console.log(error instanceof ConnectionError, typeof verifyWebhook, typeof decryptPayload);';
    const { stdout } = await run(process.execPath, ['--no-strip-types', '--input-type=module', '-e', program], {
      cwd: folder,
    });
    expect(stdout.trim()).toBe('true function function');
  });

  it('compiles with every strict option', async () => {
    const program =
      "import { createClient, type Job, type JobRequest } from '@cardseal/client';\n" +
      "const client = createClient({ baseUrl: 'x', apiKey: 'x' });\n" +
      "const request: JobRequest = { front: { upload_id: 'upl_1' }, priority: 'bulk' };\n" +
      'const job: Job = await client.jobs.submit(request);\n' +
      'const name: string | undefined = job.result?.card.name;\n' +
      '// @ts-expect-error there is no such state\n' +
      "export const never = job.state === 'done' ? name : undefined;\n";
    await writeFile(path.join(folder, 'consumer.ts'), program);
    const compilerOptions = {
      target: 'es2022',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
    };
    await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    const { stdout } = await run('tsc', ['-p', folder]).catch((error) => error);
    expect(stdout).toBe('');
  });
});
