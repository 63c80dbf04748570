/**
 * Removes the guard that connects to the checked address. A name that changes its address then leads to an internal
 * address, and the checker must report it.
 */
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answer } from '../../../support/webhook-receiver.ts';
import { type ReceiverStack, startReceiverStack } from '../../../webhooks/receivers/receiver-stack.ts';
import { webhookViolations } from '../../../webhooks/webhook-checker.ts';

let stack: ReceiverStack;
beforeAll(async () => {
  const preloads = [path.join(import.meta.dirname, 'remove-guard.mjs')];
  stack = await startReceiverStack({ preloads, env: { WITHOUT_GUARD: 'dialling the checked address' } });
});
afterAll(() => stack?.stop());

it('reports a connection after a second lookup of the name', async () => {
  const listener = await stack.listen(stack.changingUrl('/renamed'));
  stack.receiver.behave('/renamed', answer(204, { connection: 'close' }));
  const job = await stack.pendingDeliveries.add([listener.id]);
  const found = async () => (await webhookViolations(stack.evidence([listener], [job]))).join();
  await expect.poll(found, { timeout: 30_000 }).toMatch(/connections to an internal address/);
});
