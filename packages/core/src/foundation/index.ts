export { ADVICE_CODES, type Advice } from './advice.ts';
export { type AskRedis, adviseOnRedis } from './redis.ts';
export { adviseOnKeys, adviseOnStore, type StorePlaces } from './store.ts';
