export {
  ConfigurationError,
  type Env,
  port,
  positiveInteger,
  problemsFrom,
  readEnvironment,
  type SettingsCheck,
} from './environment.ts';
export {
  baiduEnvironment,
  commonEnvironment,
  httpUrl,
  imageLimits,
  type RedisTarget,
  redisEnvironment,
  redisTarget,
  storeEnvironment,
  webhookEnvironment,
} from './groups.ts';
export type { PlaintextName } from './plaintext.ts';
export { type ProxyEnvironment, readProxies } from './proxies.ts';
export { readFileOf, readSecretFile } from './secret-file.ts';
export { readWebhookTls, type WebhookTlsEnvironment } from './webhook-tls.ts';
