/** Reads the time of the object store, as a source of the quorum clock. */
import { Agent, request } from 'undici';
import type { TimeSource } from '../clock/index.ts';
import { awsEndpoint } from './node-agents.ts';
import type { ProxyFor } from './proxy.ts';
import { egressConnector } from './tunnel.ts';

const TIMEOUT_MS = 2000;

export interface StoreTimeOptions {
  /** URL of the store; AWS's own when absent. */
  endpoint?: string | undefined;
  region: string;
  /** The proxy that the store's own requests take. */
  proxyFor: ProxyFor;
}

/** The `Date` header of any response, plus half a second: the header drops the fraction of the second. */
export function storeTime({ endpoint, region, proxyFor }: StoreTimeOptions): TimeSource {
  const url = endpoint ?? awsEndpoint('s3', region);
  const dispatcher = new Agent({ connect: egressConnector(proxyFor, TIMEOUT_MS) });
  return async () => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { headers, body } = await request(url, { method: 'HEAD', dispatcher, signal });
    await body.dump();
    const ms = Date.parse(String(headers.date));
    if (Number.isNaN(ms)) throw new Error('the response of the store has no valid Date header');
    return ms + 500;
  };
}
