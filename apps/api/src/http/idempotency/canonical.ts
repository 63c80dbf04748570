/** One text for every JSON value with the same meaning: idempotency compares meaning and not the order of members. */

/** JSON with the members of every object sorted; members that are undefined are absent. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) => (isObject(member) ? sorted(member) : member));
}

/** The members of `value` that differ from `defaults`, so that an explicit default changes nothing. */
export function withoutDefaults(value: object, defaults: object): object {
  const standard = new Map(Object.entries(defaults));
  const kept = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    const usual: unknown = standard.get(name);
    if (canonicalJson(member) === canonicalJson(usual)) return [];
    return [[name, isObject(member) && isObject(usual) ? withoutDefaults(member, usual) : member]];
  });
  return Object.fromEntries(kept);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
