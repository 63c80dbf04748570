/**
 * Derives new inputs from old ones, repeatably from a seed. Half of the changes keep valid JSON, so that they reach the
 * code after the parser. The others damage the bytes, as a wrong key or a cut connection does.
 */

/** A repeatable 32-bit generator (xorshift with a Weyl sequence), good enough for fuzzing, never for secrets. */
export class Random {
  #state: number;
  #weyl = 0;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) | 1;
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    this.#weyl = (this.#weyl + 0x6d2b79f5) | 0;
    return ((this.#state + this.#weyl) >>> 0) % limit;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

const MAX_INPUT_BYTES = 9 * 1024 * 1024;
const USUAL_BYTES = 64 * 1024;

// biome-ignore format: a list of tokens reads best as a block
const TOKENS = [
  '{', '}', '[', ']', '"', ',', ':', '\\', '\\"', '\\u0000', '\\ud800', '\uFEFF', '1e999', '-0', '18446744073709551615',
  'null', 'true', '"__proto__":', '"constructor":', '"words_result":', '"log_id":', '"words":', '长期', '族', '·', 'x',
  '20240229', '20230229', '99991231', '00000000', '\u202E', ' ', '\n', '['.repeat(40), '0,'.repeat(11_000), '\\'.repeat(999),
];

// biome-ignore format: a list of values reads best as a block
const VALUES: readonly unknown[] = [
  null, true, false, 0, 1, -1, 4, 0.5, 1e308, -0, 2 ** 53, '', ' ', '0', '1', '-1', '0.5', 'normal', 'reversed_side', 'blurred',
  'copy', '男', '女', '汉', '汉族', '长期', '20240229', '20230229', '19900304', '2024-2-9', '99010119900304002x', '样·本', '\ud800',
  '样'.repeat(300), 'x'.repeat(5000), [], {}, [[]], { words: '样本' }, { words: 1 }, { words: null, location: [] },
  { words: '长期', location: { left: 1, top: 2, width: 3, height: '4' } }, 'QUJD', 'QUJD!', '===', { 0: 1, __proto__: null },
];

// biome-ignore format: a list of keys reads best as a block
const KEYS = [
  'log_id', 'direction', 'image_status', 'risk_type', 'edit_tool', 'card_quality', 'IsClear', 'IsClear_propobility', 'IsNoCover',
  'photo', 'photo_location', 'card_image', 'idcard_number_type', 'words_result', 'words', 'location', 'left', 'name', 'key', '姓名',
  '性别', '民族', '出生', '住址', '公民身份号码', '签发机关', '签发日期', '失效日期', '__proto__', 'constructor', 'toString', '',
];

/** Setters for every replaceable position in a JSON value. */
function places(value: unknown, found: ((next: unknown) => void)[] = []): ((next: unknown) => void)[] {
  if (typeof value !== 'object' || value === null || found.length > 500) return found;
  const holder = value as Record<string, unknown>;
  for (const key of Object.keys(holder)) {
    found.push((next) =>
      Object.defineProperty(holder, key, { value: next, enumerable: true, configurable: true, writable: true }),
    );
    places(holder[key], found);
  }
  return found;
}

function mutateJson(text: string, random: Random): string | undefined {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return undefined;
  }
  const setters = places(root);
  for (let i = random.below(4); i >= 0 && setters.length > 0; i -= 1)
    random.pick(setters)(structuredClone(random.pick(VALUES)));
  if (typeof root === 'object' && root !== null && random.below(2) === 0) {
    const target = random.below(2) === 0 ? root : ((root as Record<string, unknown>).words_result ?? root);
    const value = structuredClone(random.pick(VALUES));
    if (typeof target === 'object' && Object.isExtensible(target)) {
      Object.defineProperty(target, random.pick(KEYS), { value, enumerable: true, configurable: true, writable: true });
    }
  }
  return JSON.stringify(root);
}

function mutateBytes(bytes: Buffer, other: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const end = at + random.below(bytes.length - at + 1);
  const [head, middle, tail] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  switch (random.below(7)) {
    case 0:
      return head;
    case 1:
      return Buffer.concat([head, tail]);
    case 2:
      return Buffer.concat([head, middle, middle, tail]);
    case 3:
      return Buffer.concat([head, Buffer.from(random.pick(TOKENS)), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([head, other.subarray(random.below(other.length + 1))]);
    case 5: {
      const flipped = Buffer.from(bytes);
      for (let i = random.below(8); i >= 0 && flipped.length > 0; i -= 1) {
        flipped[random.below(flipped.length)]! ^= 1 << random.below(8);
      }
      return flipped;
    }
    default: {
      // Growth towards the limit is rare, because one such input costs as much as a thousand small ones.
      const limit = random.below(2000) === 0 ? MAX_INPUT_BYTES : USUAL_BYTES;
      const unit = middle.length > 0 ? middle : Buffer.from(random.pick(TOKENS));
      const times = Math.floor((limit - bytes.length) / unit.length);
      if (times < 2) return head;
      return Buffer.concat([head, Buffer.alloc(unit.length * (1 + random.below(times)), unit), tail]);
    }
  }
}

/** A new input derived from one of the pool, at most 9 MiB. */
export function mutate(pool: readonly Buffer[], random: Random): Buffer {
  let bytes = random.pick(pool);
  for (let rounds = 1 + random.below(3); rounds > 0; rounds -= 1) {
    const json = random.below(2) === 0 ? mutateJson(bytes.toString('utf8'), random) : undefined;
    bytes = json === undefined ? mutateBytes(bytes, random.pick(pool), random) : Buffer.from(json);
  }
  return bytes.subarray(0, MAX_INPUT_BYTES);
}
