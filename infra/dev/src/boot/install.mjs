/**
 * Installs the dependencies when they are missing or out of date, once even if several launchers start together.
 * Plain JavaScript: it runs before anything is installed. It writes progress to stderr only.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tryLock } from './lock.mjs';

const LOOK_AGAIN_MS = 200;

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

/** A checkout or a copy touches the lock file without changing it: no reason to install for half a minute. */
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
 * @param {(line: string) => void} say
 */
export async function ensureDependencies(root, say) {
  if (whyInstall(root) === null) return;
  const lock = await waitForLock(path.join(root, '.cardseal/install.lock'), say);
  try {
    const reason = whyInstall(root);
    if (reason === null) return;
    say(`cardseal: ${reason}: installing with npm ci`);
    const startedAt = Date.now();
    await runNpm(root, ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund']);
    say(`cardseal: installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  } finally {
    lock.release();
  }
}

async function waitForLock(file, say) {
  let told = false;
  for (;;) {
    const lock = tryLock(file);
    if (lock.held) return lock;
    if (!told) say(`cardseal: process ${lock.holder.pid} is installing: waiting for it`);
    told = true;
    await delay(LOOK_AGAIN_MS);
  }
}

/** The npm that runs us, if one does: another one on PATH may be of another version. */
export function npmCommand(env) {
  const script = env.npm_execpath ?? '';
  return path.basename(script) === 'npm-cli.js' ? [process.execPath, script] : ['npm'];
}

function runNpm(root, args) {
  const [command, ...prefix] = npmCommand(process.env);
  // stdout goes to our stderr: a verb's stdout stays clean.
  const child = spawn(command, [...prefix, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`npm could not be started: ${error.message}`)));
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ${args[0]} failed (${signal ?? `exit code ${code}`}); its output is above`));
    });
  });
}
