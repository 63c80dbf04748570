/**
 * A stack that may deliver to one address of this machine only, a receiver there with any behaviour, a host name that
 * switches between the receiver and a honeypot, and the evidence for the delivery checker.
 */
import path from 'node:path';
import { createPendingDeliveries, type PendingDeliveries } from '../../support/pending-deliveries.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { type Receiver, startReceiver } from '../../support/webhook-receiver.ts';
import type { Listener, WebhookEvidence } from '../webhook-checker.ts';
import { HONEYPOT_ADDRESS, type Honeypot, startHoneypot } from './honeypot.ts';

const ALLOWED = '127.0.0.1';
const NAME = 'hooks.example.com';

export interface ReceiverStack {
  app: TestStack;
  receiver: Receiver;
  pendingDeliveries: PendingDeliveries;
  /** The URL of the honeypot. */
  honeypotUrl: string;
  /** A URL of the receiver with the host name that changes its address. */
  changingUrl(path: string): string;
  listen(url: string): Promise<Listener>;
  evidence(listeners: readonly Listener[], jobs: readonly string[]): WebhookEvidence;
  stop(): Promise<void>;
}

/** @param preloads further modules that every process of the stack loads first. */
export async function startReceiverStack({
  preloads = [] as string[],
  env = {} as NodeJS.ProcessEnv,
} = {}): Promise<ReceiverStack> {
  const receiver = await startReceiver();
  const port = Number(new URL(receiver.url('/')).port);
  let honeypot: Honeypot | undefined;
  let app: TestStack | undefined;
  let pendingDeliveries: PendingDeliveries | undefined;
  const stop = async () => {
    await pendingDeliveries?.close();
    await app?.stop();
    await Promise.all([receiver.stop(), honeypot?.stop()]);
  };
  try {
    honeypot = await startHoneypot(port);
    const names = path.join(import.meta.dirname, 'names.mjs');
    app = await startTestStack({
      env: {
        WEBHOOK_ALLOW_TARGETS: `${ALLOWED}/32`,
        WEBHOOK_DEADLINE_MS: '1500',
        NODE_OPTIONS: [names, ...preloads].map((file) => `--import=${file}`).join(' '),
        NAME_ANSWERS: JSON.stringify({ name: NAME, addresses: [ALLOWED, HONEYPOT_ADDRESS] }),
        ...env,
      },
    });
    pendingDeliveries = createPendingDeliveries(app);
  } catch (error) {
    await stop();
    throw error;
  }
  const { ledger } = pendingDeliveries;
  const { tenant } = app.stack.info;
  const { connections } = honeypot;
  return {
    app,
    receiver,
    pendingDeliveries,
    honeypotUrl: `http://${HONEYPOT_ADDRESS}:${port}/`,
    changingUrl: (route) => `http://${NAME}:${port}${route}`,
    async listen(url) {
      const { id, secret } = await pendingDeliveries.endpoint(url);
      return { id, secret, path: new URL(url).pathname, payload: 'full' };
    },
    evidence: (listeners, jobs) => ({
      tenant,
      ledger,
      listeners,
      jobs: jobs as WebhookEvidence['jobs'],
      arrivals: receiver.arrivals.filter((one) => listeners.some((listener) => listener.path === one.path)),
      internalConnections: connections(),
    }),
    stop,
  };
}
