export { createMemoryBudget, type MemoryBudget } from './budget.ts';
export { bodyBudgetBytes } from './container-limit.ts';
export type { TransferLimits } from './transfer.ts';
export { type BodyKind, watchBodies } from './watch.ts';
