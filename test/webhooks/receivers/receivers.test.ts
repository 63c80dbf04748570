/**
 * Misbehaving receivers, and receivers that redirect webhooks to internal addresses. The delivery checker verifies each
 * run.
 */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, type Behaviour } from '../../support/webhook-receiver.ts';
import { type Listener, webhookViolations } from '../webhook-checker.ts';
import { type ReceiverStack, startReceiverStack } from './receiver-stack.ts';

const DEADLINE_MS = 1500;
const LATE_MS = 500;
const DRIP_MS = 50;
const RECOVERY_MS = 60_000;

let stack: ReceiverStack;
beforeAll(async () => {
  stack = await startReceiverStack();
});
afterAll(() => stack?.stop());

/** Misbehaves on the first request and behaves well afterwards. */
function once(behaviour: Behaviour): Behaviour {
  let first = true;
  return (...args) => {
    if (first) behaviour(...args);
    else answer(204)(...args);
    first = false;
  };
}

const endless = (taken: (bytes: number) => void) => (response: ServerResponse) => {
  const { socket } = response;
  socket!.once('close', () => taken(socket!.bytesWritten));
  response.writeHead(200);
  const more = () => {
    while (!response.destroyed && response.write(Buffer.alloc(16 * 1024)));
  };
  response.on('drain', more);
  more();
};

/** Sends this start at once and then one byte at a time without end. */
const drip = (start: string) => (response: ServerResponse) => {
  const socket = response.socket!;
  socket.write(start);
  const timer = setInterval(() => socket.write('.'), DRIP_MS);
  socket.once('close', () => clearInterval(timer));
};

async function atRest(listeners: Listener[], jobs: string[], more: object = {}): Promise<void> {
  const check = () => webhookViolations({ ...stack.evidence(listeners, jobs), ...more });
  await expect.poll(check, { timeout: RECOVERY_MS, interval: 250 }).toEqual([]);
}

const entriesOf = async (job: string, { id }: Listener) =>
  (await stack.app.call('GET', `/v1/deliveries/dlv_${job}-1-${id}`)).body.entries as {
    class: string;
    latency_ms: number;
  }[];

describe('misbehaving receivers', () => {
  it.each<{ name: string; behaviour: () => Behaviour; classes: string[] }>([
    { name: 'drip', behaviour: () => drip('HTTP/1.1 200 OK\r\nx-a: '), classes: ['timeout', 'delivered'] },
    // The status line is complete, so the receiver has the event, whatever happens to the body.
    { name: 'drip-body', behaviour: () => drip('HTTP/1.1 200 OK\r\n\r\n'), classes: ['delivered'] },
    {
      name: 'redirect',
      behaviour: () => answer(307, { location: stack.honeypotUrl }),
      classes: ['redirect', 'delivered'],
    },
    {
      name: 'reset',
      behaviour: () => (response) => void response.socket?.resetAndDestroy(),
      classes: ['connection', 'delivered'],
    },
  ])(
    '$name: the worker closes in time, follows no redirect, and repeats the same bytes',
    async ({ name, behaviour, classes }) => {
      const listeners = [
        await stack.listen(stack.receiver.url(`/${name}`)),
        await stack.listen(stack.receiver.url(`/beside-${name}`)),
      ];
      stack.receiver.behave(`/${name}`, once(behaviour()));
      const job = await stack.pendingDeliveries.add(listeners.map(({ id }) => id));
      await atRest(listeners, [job]);
      const entries = await entriesOf(job, listeners[0]!);
      expect(entries.map((entry) => entry.class)).toEqual(classes);
      for (const { latency_ms } of entries) expect(latency_ms).toBeLessThan(DEADLINE_MS + LATE_MS);
    },
  );

  it('an endless body counts as delivered, and the worker reads no more than the sockets hold', async () => {
    const listener = await stack.listen(stack.receiver.url('/endless'));
    const taken = Promise.withResolvers<number>();
    stack.receiver.behave('/endless', endless(taken.resolve));
    const job = await stack.pendingDeliveries.add([listener.id]);
    await atRest([listener], [job], { answers: [{ path: '/endless', takenBytes: await taken.promise }] });
    expect((await entriesOf(job, listener)).map((entry) => entry.class)).toEqual(['delivered']);
  });
});

describe('a host name that switches between an allowed and an internal address', () => {
  it('the worker connects to the address that it checked, or not at all', async () => {
    const listener = await stack.listen(stack.changingUrl('/renamed'));
    // Close the connection, so that each delivery looks the name up again.
    stack.receiver.behave('/renamed', answer(204, { connection: 'close' }));
    const jobs: string[] = [];
    for (let n = 0; n < 6; n++) {
      jobs.push(await stack.pendingDeliveries.add([listener.id]));
      await atRest([listener], jobs);
    }
    const classes = await Promise.all(jobs.map(async (job) => (await entriesOf(job, listener))[0]!.class));
    // Both addresses were returned; otherwise the test would prove nothing.
    expect([...new Set(classes)].sort()).toEqual(['delivered', 'target_refused']);
  });
});

it('the checker reports a connection to an internal address and an endless response', async () => {
  const good = stack.evidence([], []);
  expect(await webhookViolations({ ...good, internalConnections: 1 })).toEqual([
    '1 connections to an internal address',
  ]);
  const answers = [{ path: '/endless', takenBytes: 1e9 }];
  expect((await webhookViolations({ ...good, answers })).join()).toMatch(/I8 \/endless/);
});
