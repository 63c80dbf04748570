/**
 * A stack that may reach one address of this machine and no other, a receiver there with any manners, a name that is now
 * there and now at a trap inside the house, and what the checker of deliveries needs of all that.
 */
import path from 'node:path';
import { createOwing, type Owing } from '../../support/pending-deliveries.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { type Receiver, startReceiver } from '../../support/webhook-receiver.ts';
import type { Listener, WebhookEvidence } from '../webhook-checker.ts';
import { startTrap, TRAP_ADDRESS, type Trap } from './honeypot.ts';

const OUTSIDE = '127.0.0.1';
const NAME = 'hooks.example.com';

export interface Room {
  app: TestStack;
  receiver: Receiver;
  owing: Owing;
  /** Where the trap is. */
  trapUrl: string;
  /** The receiver by the name that changes its address. */
  renamed(path: string): string;
  listen(url: string): Promise<Listener>;
  evidence(listeners: readonly Listener[], jobs: readonly string[]): WebhookEvidence;
  stop(): Promise<void>;
}

/** @param preloads further modules that every program of the stack loads first. */
export async function openRoom({ preloads = [] as string[], env = {} as NodeJS.ProcessEnv } = {}): Promise<Room> {
  const receiver = await startReceiver();
  const port = Number(new URL(receiver.url('/')).port);
  let trap: Trap | undefined;
  let app: TestStack | undefined;
  let owing: Owing | undefined;
  const stop = async () => {
    await owing?.close();
    await app?.stop();
    await Promise.all([receiver.stop(), trap?.stop()]);
  };
  try {
    trap = await startTrap(port);
    const names = path.join(import.meta.dirname, 'names.mjs');
    app = await startTestStack({
      env: {
        WEBHOOK_ALLOW_TARGETS: `${OUTSIDE}/32`,
        WEBHOOK_DEADLINE_MS: '1500',
        NODE_OPTIONS: [names, ...preloads].map((file) => `--import=${file}`).join(' '),
        NAME_ANSWERS: JSON.stringify({ name: NAME, addresses: [OUTSIDE, TRAP_ADDRESS] }),
        ...env,
      },
    });
    owing = createOwing(app);
  } catch (error) {
    await stop();
    throw error;
  }
  const { ledger } = owing;
  const { tenant } = app.stack.info;
  const { connections } = trap;
  return {
    app,
    receiver,
    owing,
    trapUrl: `http://${TRAP_ADDRESS}:${port}/`,
    renamed: (route) => `http://${NAME}:${port}${route}`,
    async listen(url) {
      const { id, secret } = await owing.endpoint(url);
      return { id, secret, path: new URL(url).pathname, payload: 'full' };
    },
    evidence: (listeners, jobs) => ({
      tenant,
      ledger,
      listeners,
      jobs: jobs as WebhookEvidence['jobs'],
      arrivals: receiver.arrivals.filter((one) => listeners.some((listener) => listener.path === one.path)),
      trespasses: connections(),
    }),
    stop,
  };
}
