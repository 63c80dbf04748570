/**
 * Logs are typed events: a name and fields from one allow-list of ids, codes and numbers. What is not on the list
 * cannot be logged, because redaction of free text is known to miss most realistic shapes of personal data.
 */
import pino from 'pino';

export interface LogFields {
  request_id?: string | undefined;
  tenant?: string | undefined;
  job_id?: string | undefined;
  generation?: number | undefined;
  side?: string | undefined;
  endpoint_id?: string | undefined;
  api_key_id?: string | undefined;
  credential_id?: string | undefined;
  admin?: string | undefined;
  step?: string | undefined;
  state?: string | undefined;
  code?: string | undefined;
  class?: string | undefined;
  reason?: string | undefined;
  error?: string | undefined;
  cause?: string | undefined;
  at?: string | undefined;
  status?: number | undefined;
  method?: string | undefined;
  route?: string | undefined;
  attempt?: number | undefined;
  count?: number | undefined;
  port?: number | undefined;
  pid?: number | undefined;
  latency_ms?: number | undefined;
  delay_ms?: number | undefined;
  duration_ms?: number | undefined;
  size_bytes?: number | undefined;
  settings?: Readonly<Record<string, string | number | boolean>> | undefined;
}

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  child(fields: LogFields): Log;
}

/** A logger of JSON lines on stdout. `destination` is for tests. */
export function createLog(role: string, level: string, destination?: pino.DestinationStream): Log {
  const options: pino.LoggerOptions = {
    level,
    base: { role, pid: process.pid },
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return wrap(destination ? pino(options, destination) : pino(options, pino.destination({ sync: false })));
}

function wrap(logger: pino.Logger): Log {
  return {
    debug: (event, fields) => logger.debug(fields ?? {}, event),
    info: (event, fields) => logger.info(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    error: (event, fields) => logger.error(fields ?? {}, event),
    child: (fields) => wrap(logger.child(fields)),
  };
}

export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
