export { describeError } from './describe-error.ts';
export { EVENTS, type EventDefinition } from './events.ts';

export { createLog, droppedLogLines, flushLog, type Log, silentLog } from './log.ts';
