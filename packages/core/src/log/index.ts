export { describeError } from './describe-error.ts';
export { EVENTS, type EventDefinition, type EventName } from './events.ts';
export type { LogFields } from './fields.ts';
export { createLog, droppedLogLines, flushLog, type Log, silentLog } from './log.ts';
