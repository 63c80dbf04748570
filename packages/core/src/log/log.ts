/**
 * The log of a process. A line is an event of the catalogue with the fields that the catalogue lists for it. There is no
 * free text, because redaction misses most realistic forms of personal data.
 */
import pino from 'pino';
import { currentTraceId } from '../trace/index.ts';
import type { EventsAt, FieldsOf, LogLevel } from './events.ts';
import type { LogFields } from './fields.ts';
import { createLogSink, type LogSink, writeLast, writeToStdout } from './sink.ts';

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

/** Shared by all loggers of the process, because there is one stdout. */
let stdout: LogSink | null = null;

/** The number of log lines that this process could not write. */
export function droppedLogLines(): number {
  return stdout?.dropped() ?? 0;
}

/** Resolves when all lines are written, or after `timeoutMs`. */
export async function flushLog(timeoutMs = 500): Promise<void> {
  await stdout?.flush(timeoutMs);
}

/**
 * Creates a logger of JSON lines on stdout, each with the id of the current trace. A stdout that cannot be written never
 * ends or blocks the process. `destination` is for tests.
 */
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
  if (destination) return wrap(pino(options, destination));
  let log: Log | null = null;
  stdout ??= openStdout((count) => log?.warn('log.lines_dropped', { count }));
  log = wrap(pino(options, stdout));
  return log;
}

function openStdout(onResume: (dropped: number) => void): LogSink {
  const sink = createLogSink({ write: writeToStdout(), onResume });
  process.once('exit', () => writeLast(sink.takeRest()));
  return sink;
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
