export type { Advice } from './advice.ts';
export { type PreflightParts, runPreflight } from './boot.ts';
export { examineRedis, examineStore } from './examine.ts';
export { adviseOnPlaintext } from './plaintext.ts';
export type { AskRedis } from './redis.ts';
export { fileProblems, publicUrlProblems, relationProblems } from './settings.ts';
export { adviseOnKeys } from './store.ts';
export { describeTrouble } from './trouble.ts';
