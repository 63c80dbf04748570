// Starts Ceph's object gateway on the loopback for one run: an independent S3 to check the double and the ledger against.
// It keeps everything in memory and in one folder, and removes both at the end.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { cephConfig } from './ceph-config.ts';
import { ensureCephPackages, isInstalled } from './ceph-packages.ts';

export type CephOptions = { rootDir: string; log: (message: string) => void };
export type Ceph = {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  stop(): Promise<void>;
};

const run = promisify(execFile);
const commandLimitMs = 60_000;
const readyLimitMs = 60_000;
const stopLimitMs = 5_000;
const memoryBytes = 4 * 1024 ** 3;
/** A socket's path may have 107 bytes, and the longest name below the folder needs 26. */
const longestFolder = 80;

/**
 * Starts Ceph in a new folder below `rootDir`. It takes about 3 s, and 30 s more to install packages.
 * @throws Error that says what is missing, or where the logs of a failed start are.
 */
export async function startCeph({ rootDir, log }: CephOptions): Promise<Ceph> {
  const folder = resolve(rootDir, 'ceph');
  if (folder.length > longestFolder)
    throw new Error(`the path ${folder} is too long for Ceph's sockets: at most ${longestFolder}`);
  await ensureCephPackages(log);
  const cluster = new Cluster(folder, (await isInstalled('setpriv')) ? ['setpriv', '--pdeathsig', 'KILL', '--'] : []);
  try {
    const ceph = await cluster.start();
    log(`Ceph's gateway responds at ${ceph.endpoint}`);
    return { ...ceph, stop: () => cluster.stop({ keepLogs: false }) };
  } catch (error) {
    await cluster.stop({ keepLogs: true });
    throw new Error(`Ceph did not start; its logs are in ${join(folder, 'log')}`, { cause: error });
  }
}

class Cluster {
  readonly #folder: string;
  readonly #prefix: string[];
  readonly #daemons: { child: ChildProcess; exited: Promise<unknown>; signal: NodeJS.Signals }[] = [];

  /** @param prefix a command that ends daemons together with this process, if the system has one */
  constructor(folder: string, prefix: string[]) {
    this.#folder = folder;
    this.#prefix = prefix;
  }

  async start(): Promise<Omit<Ceph, 'stop'>> {
    const [monitorPort, gatewayPort] = [await freePort(), await freePort()];
    await this.#prepare(monitorPort, gatewayPort);
    await this.#daemon('mon', 'SIGTERM', 'ceph-mon', '-i', 'a', '-f');
    const storeId = randomUUID();
    await this.#command('ceph', '--connect-timeout', '20', 'osd', 'new', storeId, '0');
    await this.#daemon('mgr', 'SIGKILL', 'ceph-mgr', '-i', 'x', '-f');
    await this.#command('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', storeId);
    await this.#daemon('osd', 'SIGKILL', 'ceph-osd', '-i', '0', '-f');
    await this.#until(async () =>
      (await this.#command('ceph', '--connect-timeout', '5', 'osd', 'stat')).includes('1 up'),
    );
    await this.#daemon('rgw', 'SIGTERM', 'radosgw', '-n', 'client.rgw', '-f');
    const endpoint = `http://127.0.0.1:${gatewayPort}`;
    await this.#until(async () => (await fetch(endpoint, { signal: AbortSignal.timeout(2_000) })).ok);
    const keys = {
      accessKeyId: randomBytes(10).toString('hex').toUpperCase(),
      secretAccessKey: randomBytes(20).toString('hex'),
    };
    const user = ['user', 'create', '--uid=cardseal', '--display-name=cardseal'];
    await this.#command(
      'radosgw-admin',
      '-n',
      'client.rgw',
      ...user,
      `--access-key=${keys.accessKeyId}`,
      `--secret-key=${keys.secretAccessKey}`,
    );
    return { endpoint, region: 'us-east-1', ...keys };
  }

  /** Stops every daemon of this cluster and nothing else, then removes its data. Safe to call twice. */
  async stop({ keepLogs }: { keepLogs: boolean }): Promise<void> {
    for (const { child, exited, signal } of this.#daemons.splice(0).reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill(signal);
      const impatient = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
      await exited;
      clearTimeout(impatient);
    }
    if (!keepLogs) await rm(this.#folder, { recursive: true, force: true });
  }

  async #prepare(monitorPort: number, gatewayPort: number): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    for (const name of ['mon', 'mgr', 'osd', 'rgw', 'log', 'run']) {
      await mkdir(join(this.#folder, name), { recursive: true, mode: 0o700 });
    }
    const clusterId = randomUUID();
    await writeFile(
      this.#configPath,
      cephConfig({ folder: this.#folder, clusterId, monitorPort, gatewayPort, memoryBytes }),
    );
    const keyring = join(this.#folder, 'keyring');
    await this.#tool(
      'ceph-authtool',
      '--create-keyring',
      keyring,
      '--gen-key',
      '-n',
      'mon.',
      '--cap',
      'mon',
      'allow *',
    );
    const everything = ['mon', 'osd', 'mgr'].flatMap((service) => ['--cap', service, 'allow *']);
    for (const entity of ['client.admin', 'mgr.x', 'osd.0', 'client.rgw']) {
      await this.#tool('ceph-authtool', keyring, '--gen-key', '-n', entity, ...everything);
    }
    const map = join(this.#folder, 'monmap');
    await this.#tool(
      'monmaptool',
      '--create',
      '--fsid',
      clusterId,
      '--addv',
      'a',
      `[v2:127.0.0.1:${monitorPort}]`,
      map,
    );
    await this.#command('ceph-mon', '-i', 'a', '--mkfs', '--monmap', map, '--keyring', keyring);
  }

  async #daemon(name: string, signal: NodeJS.Signals, program: string, ...args: string[]): Promise<void> {
    const output = await open(join(this.#folder, 'log', `${name}.out`), 'a');
    const [command, ...rest] = [...this.#prefix, program, '-c', this.#configPath, ...args] as [string, ...string[]];
    const child = spawn(command, rest, { stdio: ['ignore', output.fd, output.fd], env: this.#environment });
    await once(child, 'spawn').finally(() => output.close());
    this.#daemons.push({ child, exited: once(child, 'exit'), signal });
  }

  #command(program: string, ...args: string[]): Promise<string> {
    return this.#tool(program, '-c', this.#configPath, ...args);
  }

  async #tool(program: string, ...args: string[]): Promise<string> {
    const { stdout } = await run(program, args, { timeout: commandLimitMs, env: this.#environment });
    return stdout;
  }

  /** Polls until `holds` is true. Throws as soon as a daemon has exited. */
  async #until(holds: () => Promise<boolean>): Promise<void> {
    const deadlineMs = Date.now() + readyLimitMs;
    while (!(await holds().catch(() => false))) {
      const dead = this.#daemons.find(({ child }) => child.exitCode !== null || child.signalCode !== null);
      if (dead) throw new Error(`${dead.child.spawnargs.join(' ')} exited early`);
      if (Date.now() > deadlineMs) throw new Error(`not ready within ${readyLimitMs} ms`);
      await delay(100);
    }
  }

  get #configPath(): string {
    return join(this.#folder, 'ceph.conf');
  }

  get #environment(): NodeJS.ProcessEnv {
    return { ...process.env, CEPH_CONF: this.#configPath, PATH: `${process.env.PATH}:/usr/sbin:/usr/bin` };
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
