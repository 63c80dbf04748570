export { awsEndpoint, type NodeAgents, nodeAgents, proxyOptions } from './node-agents.ts';
export { noProxy, type ProxyFor } from './proxy.ts';
export { storeTime } from './store-time.ts';
export { egressConnector, ProxyError, type TunnelOptions, tunnelConnector } from './tunnel.ts';
