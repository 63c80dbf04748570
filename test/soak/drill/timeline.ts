/**
 * Formats the timeline of a drill as a Markdown table for the docs, and lists what went wrong. The members of `Row` are
 * printed as JSON; keep their names.
 */
import { CAUSES, type Cause, type CauseRule } from './causes.ts';
import type { TimesSeen } from './observer.ts';
import type { Repair } from './repairs.ts';

export interface Row {
  cause: Cause;
  what: string;
  /** Seconds since the first fault; null means never. */
  struckS: number;
  namedS: number | null;
  onPageS: number | null;
  alertS: number | null;
  alert: string;
  mendedS: number | null;
  how: string;
  /** The last observation in which the overview still named the cause and the alert still fired. */
  lastNamedS: number | null;
  lastAlertS: number | null;
}

export function rowsOf(
  rules: Record<Cause, CauseRule>,
  struckMs: Record<Cause, number>,
  timesSeen: Record<Cause, TimesSeen>,
  repairs: readonly Repair[],
): Row[] {
  const originMs = Math.min(...Object.values(struckMs));
  const seconds = (ms: number | null | undefined) => (ms == null ? null : Math.round((ms - originMs) / 100) / 10);
  return CAUSES.map((cause) => {
    const { namedMs, onPageMs, alertMs, lastNamedMs, lastAlertMs } = timesSeen[cause];
    const repair = repairs.find((one) => one.cause === cause);
    return {
      cause,
      what: rules[cause].what,
      struckS: seconds(struckMs[cause])!,
      namedS: seconds(namedMs),
      onPageS: seconds(onPageMs),
      alertS: seconds(alertMs),
      alert: rules[cause].alert.alertname!,
      mendedS: seconds(repair?.atMs),
      how: repair?.how ?? '',
      lastNamedS: seconds(lastNamedMs),
      lastAlertS: seconds(lastAlertMs),
    };
  });
}

const COLUMNS = [
  'what',
  'injected',
  'the overview names it',
  'the alert fires',
  'repaired',
  'named until',
  'alert until',
  'by',
];

export function tableOf(rows: readonly Row[]): string {
  const time = (seconds: number | null) => (seconds === null ? 'never' : `${seconds} s`);
  const lines = rows.map(({ what, struckS, namedS, alert, alertS, mendedS, lastNamedS, lastAlertS, how }) => [
    what,
    time(struckS),
    time(namedS),
    `${alert} ${time(alertS)}`,
    time(mendedS),
    time(lastNamedS),
    time(lastAlertS),
    how,
  ]);
  return [COLUMNS, COLUMNS.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** Empty when every cause was named, raised an alert and was repaired. */
export function shortcomings(rows: readonly Row[]): string[] {
  return rows.flatMap(({ cause, namedS, onPageS, alertS, mendedS }) => [
    ...(namedS === null ? [`${cause} was not named in /api/overview`] : []),
    ...(onPageS === null ? [`${cause} was not named on the page`] : []),
    ...(alertS === null ? [`${cause} raised no alert`] : []),
    ...(mendedS === null ? [`${cause} was not repaired`] : []),
  ]);
}
