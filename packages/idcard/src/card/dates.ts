/**
 * Calendar arithmetic on ISO dates (`YYYY-MM-DD`) in whole days: no clock, no time zone, and no `Date` that would
 * bring one in. All functions except {@link isRealDate} expect a real date.
 */

const ISO = /^(\d{4})-(\d{2})-(\d{2})$/;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAY_MS = 86_400_000;
/** China has had one UTC offset, without daylight saving time, since 1992. */
const SHANGHAI_OFFSET_MS = 8 * 3_600_000;

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
}

function parts(date: string): { year: number; month: number; day: number } {
  return { year: Number(date.slice(0, 4)), month: Number(date.slice(5, 7)), day: Number(date.slice(8, 10)) };
}

/** Whether the text is an ISO date that exists in the calendar, from year 1 to 9999. */
export function isRealDate(date: string): boolean {
  if (!ISO.test(date)) return false;
  const { year, month, day } = parts(date);
  return year >= 1 && day >= 1 && day <= daysInMonth(year, month);
}

/** Days since 1970-01-01. */
export function dayNumber(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / DAY_MS;
}

/** The same day `years` later; 29 February becomes 28 February in a common year. */
export function addYears(date: string, years: number): string {
  const { year, month, day } = parts(date);
  const target = year + years;
  const fitting = Math.min(day, daysInMonth(target, month));
  return `${String(target).padStart(4, '0')}-${date.slice(5, 7)}-${String(fitting).padStart(2, '0')}`;
}

/** Age in completed years; a person born on 29 February completes one on 1 March of a common year. */
export function completedYears(birthDate: string, on: string): number {
  const years = parts(on).year - parts(birthDate).year;
  return on.slice(5) < birthDate.slice(5) ? years - 1 : years;
}

export function isLeapDay(date: string): boolean {
  return date.endsWith('-02-29');
}

/** The calendar day in China at an instant in milliseconds since the epoch. */
export function dateInShanghai(nowMs: number): string {
  return new Date(nowMs + SHANGHAI_OFFSET_MS).toISOString().slice(0, 10);
}
