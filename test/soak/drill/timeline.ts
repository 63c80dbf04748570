/** A drill told for people, as a table of Markdown that the docs can take as it is; and what was wrong with it. */
import { CAUSES, type Cause, type CauseRule } from './causes.ts';
import type { Sighting } from './observer.ts';
import type { Deed } from './repairs.ts';

export interface Row {
  cause: Cause;
  what: string;
  /** Seconds since the first strike; null is never. */
  struckS: number;
  namedS: number | null;
  onPageS: number | null;
  alertS: number | null;
  alert: string;
  mendedS: number | null;
  how: string;
  /** The last look at which the overview still named it, and the alert still fired. */
  lastNamedS: number | null;
  lastAlertS: number | null;
}

export function rowsOf(
  rules: Record<Cause, CauseRule>,
  struckMs: Record<Cause, number>,
  sightings: Record<Cause, Sighting>,
  deeds: readonly Deed[],
): Row[] {
  const originMs = Math.min(...Object.values(struckMs));
  const seconds = (ms: number | null | undefined) => (ms == null ? null : Math.round((ms - originMs) / 100) / 10);
  return CAUSES.map((cause) => {
    const { namedMs, onPageMs, alertMs, lastNamedMs, lastAlertMs } = sightings[cause];
    const deed = deeds.find((one) => one.cause === cause);
    return {
      cause,
      what: rules[cause].what,
      struckS: seconds(struckMs[cause])!,
      namedS: seconds(namedMs),
      onPageS: seconds(onPageMs),
      alertS: seconds(alertMs),
      alert: rules[cause].alert.alertname!,
      mendedS: seconds(deed?.atMs),
      how: deed?.how ?? '',
      lastNamedS: seconds(lastNamedMs),
      lastAlertS: seconds(lastAlertMs),
    };
  });
}

const COLUMNS = [
  'what',
  'struck',
  'the overview names it',
  'the alert fires',
  'mended',
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

/** Empty when every cause was named, rang and was mended. */
export function shortcomings(rows: readonly Row[]): string[] {
  return rows.flatMap(({ cause, namedS, onPageS, alertS, mendedS }) => [
    ...(namedS === null ? [`${cause} was not named in /api/overview`] : []),
    ...(onPageS === null ? [`${cause} was not named on the page`] : []),
    ...(alertS === null ? [`${cause} rang no alert`] : []),
    ...(mendedS === null ? [`${cause} was not mended`] : []),
  ]);
}
