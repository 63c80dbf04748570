/** Converts views to JSON for programs: names in snake_case, and times as RFC 3339 instead of milliseconds. */

/**
 * Names of times: `atMs`, `endedAtMs`, `sinceMs`, `heldUntilMs`, `createdAfterMs`, and the pacer's `since`, `until` and
 * `probeAt`. Names of durations do not match.
 */
const MOMENT = /^(?:at|since|until|[a-z]+(?:At|Since|Until|After|Before))(?:Ms)?$/;

export function asJson(view: unknown): unknown {
  if (Array.isArray(view)) return view.map(asJson);
  if (typeof view !== 'object' || view === null) return view;
  return Object.fromEntries(Object.entries(view).map(([name, value]) => field(name, value)));
}

function field(name: string, value: unknown): [string, unknown] {
  if (!MOMENT.test(name)) return [snakeCase(name), asJson(value)];
  return [snakeCase(name.replace(/Ms$/, '')), typeof value === 'number' ? new Date(value).toISOString() : value];
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
