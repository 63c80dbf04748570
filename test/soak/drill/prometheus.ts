/**
 * A real Prometheus from Debian's package on the loopback. It scrapes every process of the stack and evaluates the
 * repository's rules. A restarted process has another port, but keeps its `instance` label.
 */
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '@cardseal/dev';
import { stringify } from 'yaml';
import { shortenedRules } from './rules.ts';

export interface Alert {
  state: 'pending' | 'firing';
  labels: Record<string, string>;
}

export interface Prometheus {
  /** Alerts that fire now. */
  firing(): Promise<Alert[]>;
  stop(): Promise<void>;
}

const RULES = path.resolve(import.meta.dirname, '../../../infra/monitoring/rules.yml');
const POLL_MS = 500;
const READY_WITHIN_MS = 60_000;

/** @param shorten divides every `for` of the rules; null leaves the file unchanged. */
export async function startPrometheus(dataDir: string, shorten: number | null): Promise<Prometheus> {
  const folder = path.join(dataDir, 'prometheus');
  await mkdir(folder);
  const rules = await readFile(RULES, 'utf8');
  await writeFile(path.join(folder, 'rules.yml'), shorten === null ? rules : shortenedRules(rules, shorten));
  await writeFile(path.join(folder, 'prometheus.yml'), configuration());
  await writeTargets(dataDir, folder);
  const port = await freePort();
  const program = spawn('prometheus', argumentsOf(folder, port), { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise<never>((_, reject) => {
    program.once('error', () => reject(new Error('prometheus not found: install Debian’s package `prometheus`')));
    program.once('exit', (code) => reject(new Error(`prometheus ended: ${code}`)));
  });
  ended.catch(() => {});
  const url = `http://127.0.0.1:${port}`;
  await Promise.race([untilReady(url), ended]);
  const stopping = new AbortController();
  const following = followTargets(dataDir, folder, stopping.signal);
  return {
    async firing() {
      const answer = await fetch(`${url}/api/v1/alerts`);
      const { data } = (await answer.json()) as { data: { alerts: Alert[] } };
      return data.alerts.filter(({ state }) => state === 'firing');
    },
    async stop() {
      stopping.abort();
      await following;
      program.kill('SIGTERM');
      await ended.catch(() => {});
    },
  };
}

function configuration(): string {
  return stringify({
    global: { scrape_interval: '5s', scrape_timeout: '5s', evaluation_interval: '1s' },
    rule_files: ['rules.yml'],
    scrape_configs: [{ job_name: 'cardseal', file_sd_configs: [{ files: ['targets.json'], refresh_interval: '1s' }] }],
  });
}

function argumentsOf(folder: string, port: number): string[] {
  return [
    `--config.file=${path.join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${path.join(folder, 'series')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ];
}

async function untilReady(url: string): Promise<void> {
  const deadlineMs = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const answer = await fetch(`${url}/-/ready`).catch(() => null);
    if (answer?.ok) return;
    if (Date.now() > deadlineMs) throw new Error('prometheus is not ready');
    await delay(POLL_MS);
  }
}

/** Only the logs contain the port of a restarted process, so read them repeatedly. */
async function followTargets(dataDir: string, folder: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await writeTargets(dataDir, folder);
    await delay(POLL_MS, undefined, { signal }).catch(() => {});
  }
}

async function writeTargets(dataDir: string, folder: string): Promise<void> {
  const logs = path.join(dataDir, 'logs');
  const targets: object[] = [];
  for (const file of await readdir(logs)) {
    const lines = (await readFile(path.join(logs, file), 'utf8')).match(/^.*"metrics\.listening".*$/gm);
    const last = lines?.at(-1);
    if (last === undefined) continue;
    const { port } = JSON.parse(last) as { port: number };
    targets.push({ targets: [`127.0.0.1:${port}`], labels: { instance: file.replace(/\.log$/, '') } });
  }
  const draft = path.join(folder, 'targets.draft');
  await writeFile(draft, JSON.stringify(targets));
  await rename(draft, path.join(folder, 'targets.json'));
}
