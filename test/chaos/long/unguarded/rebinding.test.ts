/** Without the guard that dials what it judged, a name that changes its address leads into the house, and the checker says so. */
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answer } from '../../../support/webhook-receiver.ts';
import { openRoom, type Room } from '../../../webhooks/receivers/receiver-stack.ts';
import { webhookViolations } from '../../../webhooks/webhook-checker.ts';

let room: Room;
beforeAll(async () => {
  const preloads = [path.join(import.meta.dirname, 'remove-guard.mjs')];
  room = await openRoom({ preloads, env: { WITHOUT_GUARD: 'dialling what was judged' } });
});
afterAll(() => room?.stop());

it('dialling the name again', async () => {
  const listener = await room.listen(room.renamed('/renamed'));
  room.receiver.behave('/renamed', answer(204, { connection: 'close' }));
  const job = await room.owing.owe([listener.id]);
  const says = async () => (await webhookViolations(room.evidence([listener], [job]))).join();
  await expect.poll(says, { timeout: 30_000 }).toMatch(/connections into the house/);
});
