/** Parses numeric options. An invalid number is a usage error; it must never mean "no limit". */
import { InvalidArgumentError } from 'commander';

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('must be a whole number from 1');
  return Number(text);
}

export function positiveNumber(text: string): number {
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text) || Number(text) === 0) throw new InvalidArgumentError('must be above 0');
  return Number(text);
}

/** `none` removes a limit. An empty string cannot, because Commander turns it into null. */
export function limit(text: string): number | 'none' {
  return text === 'none' ? text : wholeNumber(text);
}

/** A retention time, with the bounds of `retain_for` in a request. `none` removes it. */
export function retention(text: string): number | 'none' {
  const seconds = text === 'none' ? text : Number(text);
  if (seconds === 'none' || (/^\d{1,9}$/.test(text) && seconds >= 60 && seconds <= 31_536_000)) return seconds;
  throw new InvalidArgumentError('must be a whole number of seconds from 60 to 31536000, or none');
}
