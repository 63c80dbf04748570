/** Sends exact bytes to a server, for requests that no client would send. */
import { connect, type Socket } from 'node:net';

export function openSocket(url: string): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname).on('error', () => {});
}

/** Everything that the server sends until it closes the connection. */
export async function answerOf(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  try {
    for await (const part of socket as AsyncIterable<Buffer>) parts.push(part);
  } catch {
    // A reset may follow a complete response.
  }
  return Buffer.concat(parts).toString('latin1');
}

/** Sends the bytes with `connection: close` and returns the first response. */
export async function sendRaw(url: string, text: string): Promise<{ status: number; head: string; body: string }> {
  const socket = openSocket(url);
  socket.write(text, 'latin1');
  const answer = await answerOf(socket);
  const end = answer.indexOf('\r\n\r\n');
  return { status: Number(answer.slice(9, 12)), head: answer.slice(0, end), body: answer.slice(end + 4) };
}
