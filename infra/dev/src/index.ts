/** The part of the launcher that tests and benchmarks may import: the whole stack, or a private Redis alone. */
export type { LaunchedChild } from './child.ts';
export { type DevInfo, type DevPids, devInfoFile, type StoreInfo } from './dev-info.ts';
export { createOrphanReaper, type OrphanReaper } from './orphan-reaper.ts';
export { freePort } from './ports.ts';
export { type RedisOptions, type RedisServer, startRedis } from './redis.ts';
export { type Stack, startStack } from './stack.ts';
export type { Provision, Provisioned, StackOptions, StackPorts } from './stack-options.ts';
export { readStore } from './stack-options.ts';
