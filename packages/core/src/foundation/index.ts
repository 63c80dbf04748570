export { ADVICE_CODES, type Advice } from './advice.ts';
export { type BootParts, checkFoundation } from './boot.ts';
export { examineRedis, examineStore, type FoundationEnvironment } from './examine.ts';
export type { AskRedis } from './redis.ts';
export { adviseOnKeys } from './store.ts';
