/**
 * The door of the house: every npm script comes in here. Plain JavaScript without dependencies, because on a fresh
 * clone nothing is installed and Node may be too old for TypeScript. It installs what is missing, sees to a fit Node,
 * then hands over to the verb's TypeScript. It never writes to stdout: that belongs to the verb.
 */
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureDependencies } from './src/boot/install.mjs';
import { dieWithParent, linkInstalledNode, reExecute, runsTypeScript, withLocalBinaries } from './src/boot/runtime.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const VERBS = {
  start: 'start the whole stack on embedded defaults and keep it up until Ctrl-C',
  demo: 'start it in a temporary folder, send specimen cards, show the results, stop',
  test: 'run every check; the last line sums them up',
  lint: 'refuse what no test would notice (-- <check>): format, imports, unused code, prose',
  bench: 'run one benchmark (-- <name>)',
  soak: 'run one check at full length (-- <name>)',
  chaos: 'run random faults against the stack',
  judges: 'check against independent programs',
  'test:s3': 'run the object-store checks against a real S3',
  cardseal: 'the command line (-- <command>)',
};

/** Take no arguments; their settings are environment variables. */
const WITHOUT_ARGUMENTS = ['start', 'demo', 'test:s3'];

/** What a verb that takes no arguments says to one that it is given. */
function refuseArguments(verb, args) {
  console.error(`usage: npm run ${verb}\n${VERBS[verb]}. Takes no arguments; its settings are environment variables.`);
  process.exit(args.every((arg) => ['--help', '-h'].includes(arg)) ? 0 : 2);
}

/** The CLI is a program of its own; all other verbs are modules beside this file that export `main(args)`. */
async function runVerb(verb, args) {
  if (verb === 'cardseal') {
    const script = path.join(root, 'apps/cli/src/main.ts');
    process.argv = [process.execPath, script, ...args];
    await import(pathToFileURL(script).href);
    return;
  }
  const { main } = await import(`./src/${verb.replace(':', '-')}.ts`);
  process.exit(await main(args));
}

async function run([verb, ...args]) {
  const asksForHelp = verb === '--help' || verb === '-h';
  if (asksForHelp || !Object.hasOwn(VERBS, verb ?? '')) {
    const lines = Object.entries(VERBS).map(([name, does]) => `  ${name.padEnd(9)} ${does}`);
    console.error(`usage: node infra/dev/run.mjs <verb> [arguments]\n${lines.join('\n')}`);
    process.exit(asksForHelp ? 0 : 2);
  }
  if (WITHOUT_ARGUMENTS.includes(verb) && args.length > 0) refuseArguments(verb, args);
  await ensureDependencies(root, console.error);
  linkInstalledNode(root);
  process.env.PATH = withLocalBinaries(root, process.env.PATH);
  dieWithParent();
  if (runsTypeScript(process.versions.node)) return runVerb(verb, args);
  await reExecute(root, fileURLToPath(import.meta.url), [verb, ...args]);
}

run(process.argv.slice(2)).catch((error) => {
  console.error(process.env.CARDSEAL_DEBUG ? error : `cardseal: ${error.message}`);
  process.exit(1);
});
