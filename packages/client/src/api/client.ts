/** The client of the API: one object per base URL and key, without state. */
import { type Batches, batchesOf } from './batches.ts';
import { type Jobs, jobsOf } from './jobs.ts';
import type { Quota, Usage } from './schema.ts';
import { createTransport, type TransportOptions } from './transport.ts';
import { type Uploads, uploadsOf } from './uploads.ts';
import { type WebhookEndpoints, webhookEndpointsOf } from './webhook-endpoints.ts';

export interface CardsealClient {
  jobs: Jobs;
  batches: Batches;
  uploads: Uploads;
  webhookEndpoints: WebhookEndpoints;
  /** What the upstream quota allows: the gate, the rate, the backlog and the estimated wait. */
  quota(): Promise<Quota>;
  /** What the keys of the tenant were used for, newest day first; 7 days by default. */
  usage(days?: number): Promise<Usage['data']>;
}

export function createClient(options: TransportOptions): CardsealClient {
  const send = createTransport(options);
  return {
    jobs: jobsOf(send),
    batches: batchesOf(send),
    webhookEndpoints: webhookEndpointsOf(send),
    uploads: uploadsOf(send, options.baseUrl, options.fetch ?? fetch),
    quota: async () => (await send('GET', '/v1/quota')).json() as Promise<Quota>,
    async usage(days = 7) {
      const answer = (await (await send('GET', '/v1/usage', { query: { days } })).json()) as Usage;
      return answer.data;
    },
  };
}
