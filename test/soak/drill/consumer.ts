/** A consumer of the drill with its own address. It verifies every signature and can be switched away. */
import { Webhook } from 'standardwebhooks';
import type { TestStack } from '../../support/stack.ts';
import { answer, startReceiver } from '../../support/webhook-receiver.ts';

export interface Consumer {
  /** The id of the endpoint, and the host that the overview shows. */
  endpoint: string;
  host: string;
  /** `{job}.{generation}` of every received and verified outcome. */
  outcomes: ReadonlySet<string>;
  unverified(): number;
  away(isAway: boolean): void;
  stop(): Promise<void>;
}

const PATH = '/cards';

export async function startConsumer(app: TestStack): Promise<Consumer> {
  const receiver = await startReceiver({ keep: false });
  const url = receiver.url(PATH);
  const { status, body } = await app.call('POST', '/v1/webhook-endpoints', {
    body: JSON.stringify({ url }),
    headers: { 'content-type': 'application/json' },
  });
  if (status !== 201) throw new Error(`endpoint: ${status}`);
  const webhook = new Webhook(body.secret);
  const outcomes = new Set<string>();
  let unverified = 0;
  let isAway = false;
  receiver.behave(PATH, (response, arrival, request) => {
    if (isAway) return void request.socket.destroy();
    try {
      webhook.verify(arrival.raw, arrival.headers as Record<string, string>);
    } catch {
      unverified++;
      return answer(400)(response, arrival, request);
    }
    const { type, data } = arrival.event;
    if (type.startsWith('job.')) outcomes.add(`${data.id}.${data.generation}`);
    answer(204)(response, arrival, request);
  });
  return {
    endpoint: body.id,
    host: new URL(url).host,
    outcomes,
    unverified: () => unverified,
    away(now) {
      isAway = now;
    },
    stop: () => receiver.stop(),
  };
}
