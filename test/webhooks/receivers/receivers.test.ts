/** Receivers with bad manners, and some that would lead us into the house: judged by the checker of deliveries. */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, type Manner } from '../../support/webhook-receiver.ts';
import { type Listener, webhookViolations } from '../webhook-checker.ts';
import { openRoom, type Room } from './receiver-stack.ts';

const DEADLINE_MS = 1500;
const LATE_MS = 500;
const DRIP_MS = 50;
const RECOVERY_MS = 60_000;

let room: Room;
beforeAll(async () => {
  room = await openRoom();
});
afterAll(() => room?.stop());

/** Bad manners for the first request, good ones from then on. */
function once(manner: Manner): Manner {
  let first = true;
  return (...args) => {
    if (first) manner(...args);
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

/** Sends this start at once, then a byte at a time without end. */
const drip = (start: string) => (response: ServerResponse) => {
  const socket = response.socket!;
  socket.write(start);
  const timer = setInterval(() => socket.write('.'), DRIP_MS);
  socket.once('close', () => clearInterval(timer));
};

async function atRest(listeners: Listener[], jobs: string[], more: object = {}): Promise<void> {
  const check = () => webhookViolations({ ...room.evidence(listeners, jobs), ...more });
  await expect.poll(check, { timeout: RECOVERY_MS, interval: 250 }).toEqual([]);
}

const entriesOf = async (job: string, { id }: Listener) =>
  (await room.app.call('GET', `/v1/deliveries/dlv_${job}-1-${id}`)).body.entries as {
    class: string;
    latency_ms: number;
  }[];

describe('bad manners', () => {
  it.each<{ name: string; manner: () => Manner; classes: string[] }>([
    { name: 'drip', manner: () => drip('HTTP/1.1 200 OK\r\nx-a: '), classes: ['timeout', 'delivered'] },
    // The status line is complete: the receiver has the event, whatever becomes of the body.
    { name: 'drip-body', manner: () => drip('HTTP/1.1 200 OK\r\n\r\n'), classes: ['delivered'] },
    { name: 'redirect', manner: () => answer(307, { location: room.trapUrl }), classes: ['redirect', 'delivered'] },
    {
      name: 'reset',
      manner: () => (response) => void response.socket?.resetAndDestroy(),
      classes: ['connection', 'delivered'],
    },
  ])('$name: cut off in time, not followed, told again with the same bytes', async ({ name, manner, classes }) => {
    const listeners = [
      await room.listen(room.receiver.url(`/${name}`)),
      await room.listen(room.receiver.url(`/beside-${name}`)),
    ];
    room.receiver.behave(`/${name}`, once(manner()));
    const job = await room.owing.owe(listeners.map(({ id }) => id));
    await atRest(listeners, [job]);
    const entries = await entriesOf(job, listeners[0]!);
    expect(entries.map((entry) => entry.class)).toEqual(classes);
    for (const { latency_ms } of entries) expect(latency_ms).toBeLessThan(DEADLINE_MS + LATE_MS);
  });

  it('a body without end is delivered, and no more of it is taken than fits into sockets', async () => {
    const listener = await room.listen(room.receiver.url('/endless'));
    const taken = Promise.withResolvers<number>();
    room.receiver.behave('/endless', endless(taken.resolve));
    const job = await room.owing.owe([listener.id]);
    await atRest([listener], [job], { answers: [{ path: '/endless', takenBytes: await taken.promise }] });
    expect((await entriesOf(job, listener)).map((entry) => entry.class)).toEqual(['delivered']);
  });
});

describe('a name that is now outside and now inside', () => {
  it('is connected to where it was judged to be, or not at all', async () => {
    const listener = await room.listen(room.renamed('/renamed'));
    // Each delivery asks for the name anew.
    room.receiver.behave('/renamed', answer(204, { connection: 'close' }));
    const jobs: string[] = [];
    for (let n = 0; n < 6; n++) {
      jobs.push(await room.owing.owe([listener.id]));
      await atRest([listener], jobs);
    }
    const classes = await Promise.all(jobs.map(async (job) => (await entriesOf(job, listener))[0]!.class));
    // Both answers were given: else nothing was tried here.
    expect([...new Set(classes)].sort()).toEqual(['delivered', 'target_refused']);
  });
});

it('the checker finds a connection into the house, and an answer that was read on and on', async () => {
  const good = room.evidence([], []);
  expect(await webhookViolations({ ...good, trespasses: 1 })).toEqual(['1 connections into the house']);
  const answers = [{ path: '/endless', takenBytes: 1e9 }];
  expect((await webhookViolations({ ...good, answers })).join()).toMatch(/I8 \/endless/);
});
