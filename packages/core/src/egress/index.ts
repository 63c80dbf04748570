export { awsEndpoint, type NodeAgents, nodeAgents } from './node-agents.ts';
export { noProxy, type ProxyEnvironment, type ProxyFor, readProxies } from './proxy-settings.ts';
export { egressConnector, ProxyError, type TunnelOptions, tunnelConnector } from './tunnel.ts';
