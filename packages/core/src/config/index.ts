export { ConfigurationError, type Env, flag, port, positiveInteger, readEnvironment } from './environment.ts';
export {
  baiduEnvironment,
  commonEnvironment,
  imageLimits,
  productionProblems,
  type RedisTarget,
  redisEnvironment,
  redisTarget,
  storeEnvironment,
} from './groups.ts';
export { readSecretFile } from './secret-file.ts';
