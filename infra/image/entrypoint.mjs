// The entry point of the image. It runs the role named by the first argument in the same process, so that signals reach it.
import { fileURLToPath } from 'node:url';

const programs = {
  api: 'apps/api/src/main.ts',
  worker: 'apps/worker/src/main.ts',
  admin: 'apps/admin/src/main.ts',
  cardseal: 'apps/cli/src/main.ts',
};

const [role = '', ...rest] = process.argv.slice(2);
if (!Object.hasOwn(programs, role)) {
  process.stderr.write(`cardseal: the first argument is one of ${Object.keys(programs).join(', ')}\n`);
  process.exit(2);
}
const program = new URL(`../../${programs[role]}`, import.meta.url);
process.argv = [process.argv[0], fileURLToPath(program), ...rest];
await import(program.href);
