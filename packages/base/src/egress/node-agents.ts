/** Agents of `node:http` for the AWS SDK and the trace exporter, which do not use undici. Node opens the tunnel. */
import { type AgentOptions, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { ProxyFor } from './proxy.ts';

export interface NodeAgents {
  httpAgent: HttpAgent | { maxSockets: number };
  httpsAgent: HttpsAgent | { maxSockets: number };
}

/** The address that the SDK uses when none is configured. */
export function awsEndpoint(service: 's3' | 'kms', region: string): string {
  return `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** @param endpoint decides for every host below it too, such as the buckets of a store. */
export function nodeAgents(proxyFor: ProxyFor, endpoint: string, maxSockets: number): NodeAgents {
  const proxied = proxyOptions(proxyFor, endpoint);
  if (!proxied.proxyEnv) return { httpAgent: { maxSockets }, httpsAgent: { maxSockets } };
  const options: AgentOptions = { keepAlive: true, maxSockets, ...proxied };
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent(options) };
}

/** The proxy settings of an agent of `node:http` for `endpoint`; empty without a proxy. */
export function proxyOptions(proxyFor: ProxyFor, endpoint: string): Pick<AgentOptions, 'proxyEnv'> {
  const proxy = proxyFor(new URL(endpoint));
  return proxy ? { proxyEnv: { HTTPS_PROXY: proxy.href, HTTP_PROXY: proxy.href } } : {};
}
