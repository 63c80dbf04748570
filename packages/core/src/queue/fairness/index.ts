export { cardsBefore, cardsInHand, type Flow, type Standing, startAtMs } from './estimate.ts';
export { createFairShares, type FairShares, type Placement, type QueueLook } from './fair-shares.ts';
export { type CardClass, classOf } from './shares.ts';
