/**
 * Sends PING to a Redis on the loopback until it responds. It implements the protocol without a client library. Used only
 * to find out when a new server is ready.
 */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { LOOPBACK } from './ports.ts';

const POLL_MS = 15;

/** Resolves when the server has loaded its data and responds with PONG. Rejects only when `signal` aborts. */
export async function untilPong(port: number, password: string, signal: AbortSignal): Promise<void> {
  while (!(await respondsWithPong(port, password))) await delay(POLL_MS, undefined, { signal });
}

function respondsWithPong(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, LOOPBACK);
    const settle = (pong: boolean) => {
      socket.destroy();
      resolve(pong);
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
