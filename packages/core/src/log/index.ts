export { describeError } from './describe-error.ts';
export { createLog, type Log, type LogFields, silentLog } from './log.ts';
