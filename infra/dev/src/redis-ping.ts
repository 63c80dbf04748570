/**
 * Asks a Redis on the loopback whether it serves, in its own protocol and without a client library, again and again
 * until it does. It is for readiness only.
 */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { LOOPBACK } from './ports.ts';

const ASK_EVERY_MS = 15;

/** Resolves when the server has loaded its data and answers PONG. Rejects only when `signal` aborts. */
export async function untilPong(port: number, password: string, signal: AbortSignal): Promise<void> {
  while (!(await answersPong(port, password))) await delay(ASK_EVERY_MS, undefined, { signal });
}

function answersPong(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, LOOPBACK);
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    let text = '';
    socket.setTimeout(1_000, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
    socket.once('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.includes('+PONG')) settle(true);
      else if (text.includes('-')) settle(false);
    });
  });
}
