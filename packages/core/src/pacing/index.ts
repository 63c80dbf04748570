export type { Reopening, ReopenListener } from './gate-watch.ts';
export type { OutcomeKind } from './model.ts';
export { type AcquireOptions, createPacer, type Pacer, type PacerSettings } from './pacer.ts';
export type { Outcome, Outcome as Settlement, Permit, Reserved } from './permit.ts';
export type { PacingEvent, PoolCredential } from './pool.ts';
export type { GateReason, PacingOptions } from './rules.ts';
export type { PacingRedis } from './scripts.ts';
export type { CredentialSnapshot } from './snapshot.ts';
export type { Usage } from './state.ts';
