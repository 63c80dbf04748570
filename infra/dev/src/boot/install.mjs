/**
 * Installs the dependencies when they are missing or out of date. If several launchers start together, only one
 * installs. Plain JavaScript, because it runs before anything is installed. npm's output goes to a log file and is
 * shown only after a failure.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tryLock } from './lock.mjs';

const POLL_MS = 200;
/** An install takes 20 to 60 seconds. The time between two lines of progress doubles, so a slow one stays short. */
const FIRST_PROGRESS_MS = 10_000;
const LOG = '.cardseal/logs/install.log';

/**
 * @param {string} root the checkout
 * @returns {string | null} why an install is needed, or null
 */
export function whyInstall(root) {
  const installed = path.join(root, 'node_modules/.package-lock.json');
  const wanted = path.join(root, 'package-lock.json');
  if (!existsSync(installed)) return 'node_modules is absent or incomplete';
  if (statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return null;
  return sameContent(installed, wanted) ? null : 'node_modules is older than package-lock.json';
}

/** A checkout or a copy touches the lock file without changing it. That needs no install. */
function sameContent(installedFile, wantedFile) {
  const installed = readPackages(installedFile);
  const wanted = readPackages(wantedFile);
  const extra = Object.keys(installed).some((name) => !(name in wanted));
  if (extra) return false;
  return Object.entries(wanted).every(([name, entry]) => {
    if (name === '') return true;
    const found = installed[name];
    return found ? sameEntry(found, entry) : entry.optional === true;
  });
}

function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
}

function sameEntry(left, right) {
  return left.version === right.version && left.integrity === right.integrity && left.link === right.link;
}

/**
 * @param {string} root
 * @param {(line: string) => void} log
 */
export async function ensureDependencies(root, log) {
  if (whyInstall(root) === null) return;
  const lock = await waitForLock(path.join(root, '.cardseal/install.lock'), log);
  try {
    const reason = whyInstall(root);
    if (reason === null) return;
    log(`cardseal: installing packages (${reason})`);
    const startedAt = Date.now();
    const seconds = () => `${((Date.now() - startedAt) / 1000).toFixed(0)} s`;
    const stopProgress = repeatEverLater(() => log(`cardseal: still installing after ${seconds()}`));
    await runNpm(root, ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'], log).finally(
      stopProgress,
    );
    log(`cardseal: packages installed in ${seconds()}`);
  } finally {
    lock.release();
  }
}

function repeatEverLater(work) {
  let waitMs = FIRST_PROGRESS_MS;
  let timer = setTimeout(repeat, waitMs);
  function repeat() {
    work();
    timer = setTimeout(repeat, waitMs);
    waitMs *= 2;
  }
  return () => clearTimeout(timer);
}

async function waitForLock(file, log) {
  let logged = false;
  for (;;) {
    const lock = tryLock(file);
    if (lock.held) return lock;
    if (!logged) log(`cardseal: process ${lock.holder.pid} is installing packages: waiting for it`);
    logged = true;
    await delay(POLL_MS);
  }
}

/** Uses the npm that started this process. Another npm on PATH may have a different version. */
export function npmCommand(env) {
  const script = env.npm_execpath ?? '';
  return path.basename(script) === 'npm-cli.js' ? [process.execPath, script] : ['npm'];
}

async function runNpm(root, args, log) {
  const [command, ...prefix] = npmCommand(process.env);
  const logFile = path.join(root, LOG);
  mkdirSync(path.dirname(logFile), { recursive: true, mode: 0o700 });
  const output = openSync(logFile, 'w', 0o600);
  const child = spawn(command, [...prefix, ...args], { cwd: root, stdio: ['ignore', output, output] });
  closeSync(output);
  const failure = await new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => resolve(code === 0 ? null : `failed (${signal ?? `exit code ${code}`})`));
  });
  if (failure === null) return;
  log(readFileSync(logFile, 'utf8').trimEnd());
  throw new Error(`npm ${args[0]} ${failure}; its output is above and in ${LOG}`);
}
