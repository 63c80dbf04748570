/**
 * Logs are typed events: a name of the catalogue with the fields it has there. What is not in it cannot be logged,
 * because redaction of free text is known to miss most realistic shapes of personal data.
 */
import pino from 'pino';
import { currentTraceId } from '../trace/index.ts';
import type { EventsAt, FieldsOf, LogLevel } from './events.ts';
import type { LogFields } from './fields.ts';

type Write<Level extends LogLevel> = <Name extends EventsAt<Level>>(
  event: Name,
  fields?: Pick<LogFields, FieldsOf<Name>>,
) => void;

export interface Log {
  debug: Write<'debug'>;
  info: Write<'info'>;
  warn: Write<'warn'>;
  error: Write<'error'>;
}

/** A logger of JSON lines on stdout, with the id of the trace they belong to. `destination` is for tests. */
export function createLog(role: string, level: string, destination?: pino.DestinationStream): Log {
  const options: pino.LoggerOptions = {
    level,
    base: { role, pid: process.pid },
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: () => {
      const trace_id = currentTraceId();
      return trace_id === undefined ? {} : { trace_id };
    },
  };
  return wrap(destination ? pino(options, destination) : pino(options, pino.destination({ sync: false })));
}

function wrap(logger: pino.Logger): Log {
  return {
    debug: (event, fields) => logger.debug(fields ?? {}, event),
    info: (event, fields) => logger.info(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    error: (event, fields) => logger.error(fields ?? {}, event),
  };
}

export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
