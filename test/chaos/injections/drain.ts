/**
 * SIGTERM to processes under load, as a rollout sends it. Each must end by itself with exit code 0, and the API must
 * answer an upload that is under way when the signal comes. The launcher starts them again.
 */
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Night } from '../harness/index.ts';
import { signal } from './signals.ts';

/** Longer than `SHUTDOWN_GRACE_MS` and the time that stopping may take beyond it. */
const ENDED_WITHIN_MS = 60_000;
const BACK_WITHIN_MS = 60_000;
/** Until the API has the first half of the upload, also on a loaded machine; then as long until the second half is sent. */
const ARRIVES_MS = 500;

type Ending = 'answered' | 'refused' | 'cut';

interface HalfUpload {
  /** Sends the rest and says how it ended. */
  finish(): Promise<Ending>;
}

/** Returns what it found broken. */
export async function stopped(night: Night, children: readonly string[]): Promise<string[]> {
  const upload = children.includes('api') ? await halfUpload(night) : undefined;
  const stopping = Promise.all(children.map((child) => stopOne(night, child)));
  const ending = await upload?.finish();
  const found = (await stopping).flat();
  return ending === 'cut' ? [...found, 'I6: the API cut an upload that was under way when it stopped'] : found;
}

async function stopOne(night: Night, name: string): Promise<string[]> {
  const child = night.app.stack.child(name);
  // Asked for before the signal, so that a fast restart is not missed.
  const back = untilBack(night, name);
  signal(night, name, 'SIGTERM');
  const how = await Promise.race([child.exited, delay(ENDED_WITHIN_MS, 'never', { ref: false })]);
  if (how !== 'exit code 0') return [`I6: ${name} did not end by itself after SIGTERM: ${how}`];
  const isBack = await Promise.race([back, delay(BACK_WITHIN_MS, false, { ref: false })]);
  return isBack ? [] : [`I6: ${name} was not started again`];
}

/** Until it is ready: a signal to a process that still starts ends it at once, whatever it does later. */
async function untilBack({ app }: Night, name: string): Promise<true> {
  for (;;) if ((await app.stack.nextRestart()).name === name) return true;
}

/**
 * An upload of which half has arrived when the signal comes. The API refuses it once it is whole, so that it makes no job
 * that the checker does not know. It has its own connection, so that no earlier request can be the cause when it is cut.
 */
async function halfUpload(night: Night): Promise<HalfUpload> {
  const [client] = night.clients;
  const body = JSON.stringify({ reference: 'x'.repeat(200) });
  const headers = {
    authorization: `Bearer ${client!.apiKey}`,
    'content-type': 'application/json',
    'content-length': body.length,
  };
  const sent = request(`${night.app.stack.info.apiUrl}/v1/jobs`, { method: 'POST', agent: false, headers });
  const ended = new Promise<Ending>((resolve) => {
    sent.once('response', (response) => {
      response.resume();
      resolve('answered');
    });
    // Never connected: the API was away already, and accepted nothing.
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
