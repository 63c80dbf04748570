/** Webhook endpoints and what was delivered to them. */
import type { Keyed } from './jobs.ts';
import type {
  Delivery,
  DeliveryWithTries,
  WebhookEndpoint,
  WebhookEndpointChange,
  WebhookEndpointRequest,
  WebhookEndpointWithSecret,
} from './schema.ts';
import type { Send } from './transport.ts';
import type { Page } from './types.ts';

export interface DeliveryQuery {
  state?: Delivery['state'];
  /** 1–100. */
  limit?: number;
  cursor?: string;
}

/** Outcomes of jobs submitted in that time, delivered or not. `complete` is false when there are more. */
interface OutcomeCount {
  outcomes: number;
  complete: boolean;
}

export interface WebhookEndpoints {
  /** The response has the signing secret, which the API shows only here and on rotation. */
  create(request: WebhookEndpointRequest, options?: Keyed): Promise<WebhookEndpointWithSecret>;
  list(options?: Keyed): Promise<WebhookEndpoint[]>;
  get(id: string, options?: Keyed): Promise<WebhookEndpoint>;
  /** Only what is named changes. */
  change(id: string, change: WebhookEndpointChange, options?: Keyed): Promise<WebhookEndpoint>;
  delete(id: string, options?: Keyed): Promise<void>;
  /** @param overlapS how long the old secret signs together with the new one; a day by default. */
  rotateSecret(id: string, overlapS?: number, options?: Keyed): Promise<WebhookEndpointWithSecret>;
  enable(id: string, options?: Keyed): Promise<WebhookEndpoint>;
  /** Sends again, in the background, every outcome of that time that was not delivered. */
  recover(id: string, since: Date, until?: Date, options?: Keyed): Promise<{ id: string; counts: OutcomeCount }>;
  /** Counts what `recover` would look at, and sends nothing. */
  countRecovery(id: string, since: Date, until?: Date, options?: Keyed): Promise<{ counts: OutcomeCount }>;
  deliveries(id: string, query?: DeliveryQuery, options?: Keyed): Promise<Page<Delivery>>;
  undelivered(query?: Omit<DeliveryQuery, 'state'>, options?: Keyed): Promise<Page<Delivery>>;
  delivery(id: string, options?: Keyed): Promise<DeliveryWithTries>;
  resend(deliveryId: string, options?: Keyed): Promise<Delivery>;
}

export function webhookEndpointsOf(send: Send): WebhookEndpoints {
  const all = '/v1/webhook-endpoints';
  const at = (id: string, rest = '') => `${all}/${encodeURIComponent(id)}${rest}`;
  const delivery = (id: string, rest = '') => `/v1/deliveries/${encodeURIComponent(id)}${rest}`;
  const read = async <T>(...call: Parameters<Send>) => (await send(...call)).json() as Promise<T>;
  return {
    create: (json, options) => read('POST', all, { json, ...options }),
    list: async (options) => (await read<Page<WebhookEndpoint>>('GET', all, options)).data,
    get: (id, options) => read('GET', at(id), options),
    change: (id, json, options) => read('PATCH', at(id), { json, ...options }),
    delete: async (id, options) => void (await send('DELETE', at(id), options)),
    rotateSecret: (id, overlap = 86_400, options) =>
      read('POST', at(id, '/rotate-secret'), { json: { overlap }, ...options }),
    enable: (id, options) => read('POST', at(id, '/enable'), options),
    recover: (id, since, until, options) =>
      read('POST', at(id, '/recover'), { json: timesOf(since, until), ...options }),
    countRecovery: (id, since, until, options) =>
      read('POST', at(id, '/recover'), { json: { ...timesOf(since, until), dry_run: true }, ...options }),
    deliveries: (id, query, options) => read('GET', at(id, '/deliveries'), { query: { ...query }, ...options }),
    undelivered: (query, options) =>
      read('GET', '/v1/deliveries', { query: { ...query, state: 'undelivered' }, ...options }),
    delivery: (id, options) => read('GET', delivery(id), options),
    resend: (id, options) => read('POST', delivery(id, '/resend'), options),
  };
}

function timesOf(since: Date, until: Date | undefined) {
  return { since: since.toISOString(), ...(until ? { until: until.toISOString() } : {}) };
}
