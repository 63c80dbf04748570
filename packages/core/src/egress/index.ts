export { awsEndpoint, type NodeAgents, nodeAgents, proxyOptions } from './node-agents.ts';
export { noProxy, type ProxyEnvironment, type ProxyFor, readProxies } from './proxy-settings.ts';
export { storeTime } from './store-time.ts';
export { egressConnector, ProxyError, type TunnelOptions, tunnelConnector } from './tunnel.ts';
