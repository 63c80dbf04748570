/** The client of the API: one object per base URL and key, without state of its own. */
import { type Batches, batchesOf } from './batches.ts';
import { type Jobs, jobsOf } from './jobs.ts';
import { createTransport, type TransportOptions } from './transport.ts';
import { type Uploads, uploadsOf } from './uploads.ts';

export interface CardsealClient {
  jobs: Jobs;
  batches: Batches;
  uploads: Uploads;
  /** What the upstream quota allows: the gate, the rate, the backlog and the estimated wait. */
  quota(): Promise<Record<string, unknown>>;
}

export function createClient(options: TransportOptions): CardsealClient {
  const send = createTransport(options);
  return {
    jobs: jobsOf(send),
    batches: batchesOf(send),
    uploads: uploadsOf(send, options.baseUrl, options.fetch ?? fetch),
    quota: async () => (await send('GET', '/v1/quota')).json() as Promise<Record<string, unknown>>,
  };
}
