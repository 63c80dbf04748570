/**
 * Checks the key wrapper's protocol with an independent program: compiles the Java one of infra/key-wrapper-java and
 * drives it through the real child-process wrapper. OpenSSL's command line unwraps the keys.
 */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  commandKeyWrapper,
  type KeyWrapper,
  type KeyWrapperEvent,
  parseKeyWrapperSetting,
} from '@cardseal/providers/baidu';
import { printHelp } from '../support/program-help.ts';

printHelp(import.meta.url);

const SOURCE = path.resolve(import.meta.dirname, '../../infra/key-wrapper-java/KeyWrapper.java');

function needs(program: string, args: string[], what: string): Buffer {
  try {
    return execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Error(missing ? `this interop test needs \`${program}\` on PATH (${what})` : `${program} failed`, {
      cause: error,
    });
  }
}

function must(condition: boolean, claim: string): void {
  if (!condition) throw new Error(`failed: ${claim}`);
  console.log(`  ok  ${claim}`);
}

function compile(folder: string): { publicPem: string; privatePem: string } {
  needs(
    'javac',
    ['-Xlint:all', '-Werror', '-d', folder, SOURCE],
    'a JDK of at least 17: Debian has openjdk-17-jdk-headless',
  );
  const files = { publicPem: path.join(folder, 'public.pem'), privatePem: path.join(folder, 'private.pem') };
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(files.publicPem, pair.publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(files.privatePem, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return files;
}

function opensslUnwrap(folder: string, privatePem: string, wrapped: string): Buffer {
  const input = path.join(folder, 'wrapped.bin');
  writeFileSync(input, Buffer.from(wrapped, 'base64'));
  const oaep = ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha256', 'rsa_mgf1_md:sha256'].flatMap((o) => ['-pkeyopt', o]);
  return needs('openssl', ['pkeyutl', '-decrypt', '-inkey', privatePem, '-in', input, ...oaep], 'OpenSSL 3');
}

async function check(wrapper: KeyWrapper, events: KeyWrapperEvent[], unwrap: (wrapped: string) => Buffer) {
  for (const sizeBytes of [16, 32]) {
    const key = randomBytes(sizeBytes);
    must(
      unwrap(await wrapper.wrap(key)).equals(key),
      `a key of ${sizeBytes} bytes is the same after OpenSSL unwraps it`,
    );
  }
  const keys = Array.from({ length: 500 }, () => randomBytes(16));
  const startedMs = performance.now();
  const wrapped = await Promise.all(keys.map((key) => wrapper.wrap(key)));
  const tookMs = performance.now() - startedMs;
  must(
    new Set(wrapped).size === keys.length,
    `500 simultaneous keys stay distinct (${Math.round(500_000 / tookMs)} per second)`,
  );
  for (const at of [0, 250, 499])
    must(unwrap(wrapped[at]!).equals(keys[at]!), `response ${at} belongs to request ${at}`);
  await surviveKill(wrapper, events);
  const key = randomBytes(16);
  must(unwrap(await wrapper.wrap(key)).equals(key), 'after a kill the next child wraps keys');
  must(events.filter(({ kind }) => kind === 'started').length === 2, 'the wrapper restarted the child once');
}

/** Kills the running child while a request is in progress; the next child must serve the request. */
async function surviveKill(wrapper: KeyWrapper, events: KeyWrapperEvent[]): Promise<void> {
  const started = events.find((event) => event.kind === 'started');
  process.kill(started!.pid, 'SIGKILL');
  must((await wrapper.wrap(randomBytes(16))) !== '', 'a request during a kill gets its key');
}

const folder = mkdtempSync(path.join(tmpdir(), 'cardseal-interop-'));
const events: KeyWrapperEvent[] = [];
let wrapper: KeyWrapper | undefined;
try {
  const { publicPem, privatePem } = compile(folder);
  const setting = parseKeyWrapperSetting(`command:java -cp ${folder} KeyWrapper ${publicPem}`);
  if (setting.kind !== 'command') throw new Error('the setting was not parsed as a command');
  const onEvent = (event: KeyWrapperEvent) => void events.push(event);
  wrapper = commandKeyWrapper({ ...setting, maxQueue: 1_000, deadlineMs: 20_000, onEvent });
  await check(wrapper, events, (wrapped) => opensslUnwrap(folder, privatePem, wrapped));
  await wrapper.stop();
  must(events.at(-1)?.kind === 'exited', 'the Java process has exited after stop');
  console.log('key-wrapper: the Java program speaks the protocol');
} finally {
  await wrapper?.stop();
  rmSync(folder, { recursive: true, force: true });
}
