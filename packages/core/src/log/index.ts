export { describeError } from './describe-error.ts';
export { EVENTS, type EventDefinition, type EventName } from './events.ts';
export type { LogFields } from './fields.ts';
export { createLog, type Log, silentLog } from './log.ts';
