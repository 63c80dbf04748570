/** Asks the object store for its time, so that the clock can agree with it. */
import { Agent, request } from 'undici';
import type { TimeWitness } from '../clock/index.ts';
import { awsEndpoint } from './node-agents.ts';
import { type ProxyEnvironment, readProxies } from './proxy-settings.ts';
import { egressConnector } from './tunnel.ts';

const PATIENCE_MS = 2000;

/**
 * The `Date` of any response, which a store sends to strangers too; half a second is what it leaves out on average. Takes
 * the proxy that the store's own requests take.
 */
export function storeTime(
  settings: { S3_ENDPOINT?: string | undefined; S3_REGION: string } & ProxyEnvironment,
): TimeWitness {
  const url = settings.S3_ENDPOINT ?? awsEndpoint('s3', settings.S3_REGION);
  const dispatcher = new Agent({ connect: egressConnector(readProxies(settings), PATIENCE_MS) });
  return async () => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const { headers, body } = await request(url, { method: 'HEAD', dispatcher, signal });
    await body.dump();
    const ms = Date.parse(String(headers.date));
    if (Number.isNaN(ms)) throw new Error('the store tells no time');
    return ms + 500;
  };
}
