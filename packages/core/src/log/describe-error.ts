/** The log fields of an error: its code, its class and where it was thrown; never its message, which may hold personal data. */
import { CardsealError } from '@cardseal/base/errors';
import type { LogFields } from './fields.ts';

export function describeError(error: unknown): LogFields {
  if (error instanceof CardsealError) {
    return { code: error.code, class: error.disposition, ...optional('cause', nameOf(error.cause)) };
  }
  return { error: nameOf(error) ?? typeof error, ...optional('at', firstFrame(error)) };
}

function nameOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === 'string' ? `${error.name}:${code}` : error.name;
}

/** The file, line and column of the first stack frame: enough to find it, and free of the message. */
function firstFrame(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return error.stack?.match(/\n\s+at .*?([\w.@-]+\.[cm]?[jt]s:\d+:\d+)/)?.[1];
}

function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: string });
}
