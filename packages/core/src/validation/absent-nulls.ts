/** `null` means absent: removes members that are null from an input before its schema validates it. */
import { z } from 'zod';

type Schema = z.core.$ZodType;
type Def = { type: string; [key: string]: unknown };
type Shape = Readonly<Record<string, Schema>>;

/**
 * A copy of `value` without the members that are null and that `schema` knows. A member whose schema takes null keeps
 * it, because null has a meaning there. Unknown members stay, so that the schema still refuses them.
 */
export function withoutNulls(schema: Schema, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const def = schema._zod.def as unknown as Def;
  if (Array.isArray(value)) {
    return def.type === 'array'
      ? value.map((entry) => withoutNulls(def.element as Schema, entry))
      : unwrapped(def, value);
  }
  if (def.type === 'object') return ofMembers(def.shape as Shape, value);
  if (def.type === 'record') return ofEntries(def.valueType as Schema, value);
  if (def.type === 'union') return ofUnion(def.options as Schema[], value);
  return unwrapped(def, value);
}

/** Optional, nullable, default, prefault and readonly schemas have an inner one; a pipe has one at its start. */
function unwrapped(def: Def, value: object): unknown {
  if (def.type === 'lazy') return withoutNulls((def.getter as () => Schema)(), value);
  const inner = (def.innerType ?? def.in) as Schema | undefined;
  return inner ? withoutNulls(inner, value) : value;
}

function ofMembers(shape: Shape, value: object): object {
  return rebuilt(value, (name, member) => {
    const known = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (!known) return member;
    return member === null && !takesNull(known) ? undefined : withoutNulls(known, member);
  });
}

function ofEntries(valueType: Schema, value: object): object {
  return rebuilt(value, (_name, entry) => (entry === null ? undefined : withoutNulls(valueType, entry)));
}

/** The input may have any form of a union, so a member counts as known when one of the forms has it. */
function ofUnion(options: readonly Schema[], value: object): unknown {
  const shape: Record<string, Schema> = {};
  for (const option of options) {
    const def = option._zod.def as unknown as Def;
    if (def.type === 'record') return ofEntries(def.valueType as Schema, value);
    if (def.type === 'object') Object.assign(shape, def.shape as Shape);
  }
  return ofMembers(shape, value);
}

/** Defined with defineProperty semantics, so that a member called `__proto__` stays a member. */
function rebuilt(value: object, map: (name: string, member: unknown) => unknown): object {
  const kept = Object.entries(value)
    .map(([name, member]) => [name, map(name, member)] as const)
    .filter(([, member]) => member !== undefined);
  return Object.fromEntries(kept);
}

function takesNull(schema: Schema): boolean {
  return z.safeParse(schema, null).success;
}
