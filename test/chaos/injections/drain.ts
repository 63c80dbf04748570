/**
 * Sends SIGTERM to processes under load, as a rollout does. Each process must exit by itself with code 0. The API must
 * answer an upload that is in progress when the signal arrives. The launcher restarts the processes.
 */
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Harness } from '../harness/index.ts';
import { signal } from './signals.ts';

/** Longer than `SHUTDOWN_GRACE_MS` plus the time that stopping takes after it. */
const ENDED_WITHIN_MS = 60_000;
const BACK_WITHIN_MS = 60_000;
/**
 * Until the API has the first half of the upload, even on a loaded machine; the second half follows after the same
 * pause.
 */
const ARRIVES_MS = 500;

type Ending = 'answered' | 'refused' | 'cut';

interface HalfUpload {
  /** Sends the second half and returns how the upload ended. */
  finish(): Promise<Ending>;
}

/** Returns what it found broken. */
export async function drained(harness: Harness, children: readonly string[]): Promise<string[]> {
  const upload = children.includes('api') ? await halfUpload(harness) : undefined;
  const stopping = Promise.all(children.map((child) => stopOne(harness, child)));
  const ending = await upload?.finish();
  const found = (await stopping).flat();
  return ending === 'cut' ? [...found, 'I6: the API cut an upload that was under way when it drained'] : found;
}

async function stopOne(harness: Harness, name: string): Promise<string[]> {
  const child = harness.app.stack.child(name);
  // Start waiting before the signal, so that a fast restart is not missed.
  const back = untilBack(harness, name);
  signal(harness, name, 'SIGTERM');
  const how = await Promise.race([child.exited, delay(ENDED_WITHIN_MS, 'never', { ref: false })]);
  if (how !== 'exit code 0') return [`I6: ${name} did not end by itself after SIGTERM: ${how}`];
  const isBack = await Promise.race([back, delay(BACK_WITHIN_MS, false, { ref: false })]);
  return isBack ? [] : [`I6: ${name} was not started again`];
}

/** Waits until the process is ready. A signal to a process that is still starting ends it at once, without a drain. */
async function untilBack({ app }: Harness, name: string): Promise<true> {
  for (;;) if ((await app.stack.nextRestart()).name === name) return true;
}

/**
 * Starts an upload and sends half of it. The API rejects the complete body, so no job appears that the checker does not
 * know. The upload has its own connection, so no earlier request can be the reason for a cut.
 */
async function halfUpload(harness: Harness): Promise<HalfUpload> {
  const [client] = harness.clients;
  const body = JSON.stringify({ reference: 'x'.repeat(200) });
  const headers = {
    authorization: `Bearer ${client!.apiKey}`,
    'content-type': 'application/json',
    'content-length': body.length,
  };
  const sent = request(`${harness.app.stack.info.apiUrl}/v1/jobs`, { method: 'POST', agent: false, headers });
  const ended = new Promise<Ending>((resolve) => {
    sent.once('response', (response) => {
      response.resume();
      resolve('answered');
    });
    // `ECONNREFUSED`: the API was already away and accepted nothing.
    sent.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'cut'));
  });
  sent.write(body.slice(0, 100));
  await delay(ARRIVES_MS);
  return {
    async finish() {
      await delay(ARRIVES_MS);
      sent.end(body.slice(100));
      return ended;
    },
  };
}
