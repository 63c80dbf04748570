// The names of one bucket in memory, in byte order. Conditional writes and listings need no file because of it.
// A key is stored as its UTF-8 bytes, one character per byte, so that JavaScript compares keys in the byte order of S3.
// Cost: O(log n) per lookup and insert, about 250 bytes per key. It must never contain bodies.

const blockLimit = 512;

type Block<V> = { keys: string[]; values: V[] };

/** The UTF-8 bytes of a key, one character per byte. Such strings sort as S3 sorts keys. */
export function toIndexKey(key: string): string {
  return Buffer.from(key, 'utf8').toString('latin1');
}

export function fromIndexKey(indexKey: string): string {
  return Buffer.from(indexKey, 'latin1').toString('utf8');
}

/** The smallest index key above everything that starts with `prefix`, or undefined. */
export function afterPrefix(prefix: string): string | undefined {
  for (let end = prefix.length; end > 0; end--) {
    const last = prefix.charCodeAt(end - 1);
    if (last < 0xff) return prefix.slice(0, end - 1) + String.fromCharCode(last + 1);
  }
  return undefined;
}

/** The first position in a sorted list where `isBelow` is false. */
function lowerBound(length: number, isBelow: (position: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBelow(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A sorted map in blocks of a few hundred keys. An insert moves the keys of one block only. */
export class OrderedIndex<V> {
  #blocks: Block<V>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Replaces the content by these entries, which may be in any order. Cheaper than single inserts. */
  load(entries: [key: string, value: V][]): void {
    entries.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    this.#blocks = [];
    this.#size = entries.length;
    for (let from = 0; from < entries.length; from += blockLimit / 2) {
      const part = entries.slice(from, from + blockLimit / 2);
      this.#blocks.push({ keys: part.map((entry) => entry[0]), values: part.map((entry) => entry[1]) });
    }
  }

  has(key: string): boolean {
    return this.ceiling(key) === key;
  }

  get(key: string): V | undefined {
    const { block, position } = this.#seek(key);
    return block?.keys[position] === key ? block.values[position] : undefined;
  }

  set(key: string, value: V): void {
    const { block, position, blockPosition } = this.#seekForInsert(key);
    if (block.keys[position] === key) {
      block.values[position] = value;
      return;
    }
    block.keys.splice(position, 0, key);
    block.values.splice(position, 0, value);
    this.#size++;
    if (block.keys.length > blockLimit) this.#split(block, blockPosition);
  }

  delete(key: string): boolean {
    const { block, position, blockPosition } = this.#seek(key);
    if (block?.keys[position] !== key) return false;
    block.keys.splice(position, 1);
    block.values.splice(position, 1);
    if (block.keys.length === 0) this.#blocks.splice(blockPosition, 1);
    this.#size--;
    return true;
  }

  /** The smallest key that is not below `key`. */
  ceiling(key: string): string | undefined {
    const { block, position } = this.#seek(key);
    return block?.keys[position];
  }

  #seek(key: string): { block: Block<V> | undefined; position: number; blockPosition: number } {
    const blockPosition = lowerBound(this.#blocks.length, (at) => (this.#blocks[at]!.keys.at(-1) as string) < key);
    const block = this.#blocks[blockPosition];
    const position = block ? lowerBound(block.keys.length, (at) => block.keys[at]! < key) : 0;
    return { block, position, blockPosition };
  }

  #seekForInsert(key: string): { block: Block<V>; position: number; blockPosition: number } {
    const found = this.#seek(key);
    if (found.block) return { ...found, block: found.block };
    if (this.#blocks.length === 0) this.#blocks.push({ keys: [], values: [] });
    const blockPosition = this.#blocks.length - 1;
    const block = this.#blocks[blockPosition]!;
    return { block, position: block.keys.length, blockPosition };
  }

  #split(block: Block<V>, blockPosition: number): void {
    const half = block.keys.length >>> 1;
    const upper = { keys: block.keys.splice(half), values: block.values.splice(half) };
    this.#blocks.splice(blockPosition + 1, 0, upper);
  }
}
