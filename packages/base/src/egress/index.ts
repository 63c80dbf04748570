export { awsEndpoint, nodeAgents, proxyOptions } from './node-agents.ts';
export { noProxy, type ProxyFor } from './proxy.ts';
export { storeTime } from './store-time.ts';
export { egressConnector, ProxyError, tunnelConnector } from './tunnel.ts';
