/**
 * Makes sure that Node can run TypeScript, and stops this process when its parent dies, so that a killed npm or outer
 * Node leaves no process behind. Plain JavaScript for Node 20 and later. It starts no part of the stack.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { isSameProcess, startMark } from './process-identity.mjs';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const SHELLS = new Set(['sh', 'dash', 'bash', 'ash', 'zsh', 'ksh', 'busybox']);
const POLL_MS = 250;

/**
 * @param {string} version such as `22.19.0`
 * @returns {boolean} whether this Node strips types without a flag
 */
export function runsTypeScript(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 19);
}

export function withLocalBinaries(root, searchPath = '') {
  const local = path.join(root, 'node_modules/.bin');
  const rest = searchPath.split(path.delimiter).filter((entry) => entry !== '' && entry !== local);
  return [local, ...rest].join(path.delimiter);
}

/**
 * Links the Node of the installed package into `node_modules/.bin`, where npm scripts find it. npm 11 makes this link
 * itself; npm 10, which Node 20 contains, installs the package without the link.
 */
export function linkInstalledNode(root) {
  const link = path.join(root, 'node_modules/.bin/node');
  const program = `node-${process.platform}-${process.arch}/bin/node`;
  if (existsSync(link) || !existsSync(path.join(root, 'node_modules', program))) return;
  mkdirSync(path.dirname(link), { recursive: true });
  try {
    symlinkSync(`../${program}`, link);
  } catch (error) {
    // Another launcher has made the link at the same time.
    if (error.code !== 'EEXIST') throw error;
  }
}

/** Runs the script again under the Node from node_modules and exits with its exit code. */
export async function reExecute(root, script, args) {
  const node = path.join(root, 'node_modules/.bin/node');
  if (!existsSync(node)) {
    throw new Error(
      `Node ${process.versions.node} cannot run TypeScript, and there is no Node package for ` +
        `${process.platform}-${process.arch}: use Node 22.19 or later`,
    );
  }
  const child = spawn(node, [script, ...args], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (...ending) => resolve(ending));
  });
  process.exit(signal ? 128 + constants.signals[signal] : code);
}

/** Sends SIGTERM to this process when its parent dies: the IPC channel of an outer Node closes, or npm is gone. */
export function dieWithParent() {
  const stop = () => process.kill(process.pid, 'SIGTERM');
  if (process.connected) {
    process.once('disconnect', stop);
    process.channel.unref();
  }
  if (!process.env.npm_lifecycle_event || process.platform !== 'linux') return;
  const watched = npmAncestors(process.ppid).map((pid) => ({ pid, start: startMark(pid) }));
  const timer = setInterval(() => {
    if (watched.every(isSameProcess)) return;
    clearInterval(timer);
    stop();
  }, POLL_MS);
  timer.unref();
}

/**
 * The parent, and npm itself where npm started a shell in between. The search stops there: the launcher survives the
 * user's own shell.
 */
function npmAncestors(pid) {
  const chain = [];
  for (let next = pid; next > 1; ) {
    chain.push(next);
    const stat = readStat(next);
    if (stat === null || !SHELLS.has(stat.name)) break;
    next = stat.parent;
  }
  return chain;
}

function readStat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const end = text.lastIndexOf(')');
    return { name: text.slice(text.indexOf('(') + 1, end), parent: Number(text.slice(end + 2).split(' ')[1]) };
  } catch {
    return null;
  }
}
