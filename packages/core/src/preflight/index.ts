export { ADVICE_CODES, type Advice } from './advice.ts';
export { type PreflightParts, runPreflight } from './boot.ts';
export { examineRedis, examineStore, type PreflightEnvironment } from './examine.ts';
export { adviseOnPlaintext, plaintextProblems } from './plaintext.ts';
export type { AskRedis } from './redis.ts';
export { fileProblems, publicUrlProblems, relationProblems, type SharedSettings } from './settings.ts';
export { adviseOnKeys } from './store.ts';
export { causeOf, describeTrouble, redisPlace, type TroubleEnvironment } from './trouble.ts';
