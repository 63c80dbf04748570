/**
 * The entry point of every npm script. It installs missing dependencies, makes sure that Node can run TypeScript, and
 * runs the command. Plain JavaScript without dependencies, because a fresh clone has no packages and may have an old
 * Node. It must never write to stdout, which belongs to the command.
 */
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HELP, VERBS } from './src/boot/help.mjs';
import { ensureDependencies } from './src/boot/install.mjs';
import { dieWithParent, linkInstalledNode, reExecute, runsTypeScript, withLocalBinaries } from './src/boot/runtime.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Prints the help of a command that takes no arguments. Exits with 0 for `--help`, with 2 for any other argument. */
function refuseArguments(verb, args) {
  const asksForHelp = args.every((arg) => ['--help', '-h'].includes(arg));
  if (!asksForHelp) console.error(`npm run ${verb} takes no arguments, but got: ${args.join(' ')}`);
  console.error(HELP[verb]);
  process.exit(asksForHelp ? 0 : 2);
}

/** The CLI is a separate program. Every other command is a module in `src` that exports `main(args)`. */
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
    console.error(`usage: node infra/dev/run.mjs <command> [arguments]\n${lines.join('\n')}`);
    process.exit(asksForHelp ? 0 : 2);
  }
  if (Object.hasOwn(HELP, verb) && args.length > 0) refuseArguments(verb, args);
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
