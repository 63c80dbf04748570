import { expect, it } from 'vitest';
import { readEvents } from './lines.ts';

it('reads the events of one name, and skips other events and comments', async () => {
  const text =
    'event: state\ndata: {"n":1}\n\n: still here\n\nretry: 1000\nevent: problem\ndata: {"n":2}\n\n' +
    'event: state\r\ndata: {"n":\r\ndata: 3}\r\n\r\n';
  const body = new Blob([text]).stream() as ReadableStream<Uint8Array>;
  const seen: unknown[] = [];
  for await (const event of readEvents(body, 'state')) seen.push(event);
  expect(seen).toEqual([{ n: 1 }, { n: 3 }]);
});
