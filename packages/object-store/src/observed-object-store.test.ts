import { TransientError } from '@cardseal/base/errors';
import { describe, expect, it } from 'vitest';
import { memoryObjectStore } from './memory-object-store.ts';
import { observedObjectStore } from './observed-object-store.ts';

describe('a store that is watched', () => {
  it('returns what the inner store returns, and reports each request once', async () => {
    const seen: string[] = [];
    const store = observedObjectStore(memoryObjectStore(), (operation, result) => seen.push(`${operation} ${result}`));
    expect(await store.create('a', Buffer.from('1'))).toBe(true);
    expect(await store.create('a', Buffer.from('2'))).toBe(false);
    expect(await store.get('a')).toEqual(Buffer.from('1'));
    expect(await store.list('')).toEqual({ keys: ['a'], next: null });
    await store.delete(['a']);
    expect(seen).toEqual(['create ok', 'create ok', 'get ok', 'list ok', 'delete ok']);
  });

  it('reports the class of an error and passes the error on', async () => {
    const seen: string[] = [];
    const broken = { ...memoryObjectStore(), get: () => Promise.reject(new TransientError('store_unavailable')) };
    const store = observedObjectStore(broken, (operation, result) => seen.push(`${operation} ${result}`));
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(seen).toEqual(['get transient']);
  });
});
