import { describe, expect, it } from 'vitest';
import type { Slot } from './cache-entry.js';
import { MemoryStore } from './memory-store.js';

function slot(bytes: number, ...scopes: string[]): Slot {
  return { kind: 'variants', fields: [], bytes, storedAt: 0, keepFor: 1, scopes };
}

describe('MemoryStore', () => {
  it('stays within its bytes, and drops what was not used for longest', () => {
    const store = new MemoryStore(100);
    store.set('a', slot(40));
    store.set('b', slot(40));
    store.get('a');
    store.set('c', slot(40));
    expect([store.get('a'), store.get('b'), store.get('c')].map((each) => each !== undefined)).toEqual([
      true,
      false,
      true,
    ]);
    expect(store.bytes).toBe(82);
  });

  it('counts what tags cost beside the response', () => {
    const store = new MemoryStore(100_000);
    store.set('a', slot(100, ...Array.from({ length: 64 }, (_, i) => `t:${i}`)));
    expect(store.bytes).toBeGreaterThan(64 * 350);
  });

  it('counts a long URL as often as it is kept: in the key and in the scope of its resource', () => {
    const store = new MemoryStore(100_000);
    const path = `/${'x'.repeat(12_000)}`;
    store.set(`0:11:api.example0:0:${path.length}:${path}`, slot(100, `u:api.example ${path}`));
    expect(store.bytes).toBeGreaterThan(2 * path.length);
  });

  it('does not take what is larger than the whole, nor list it', () => {
    const store = new MemoryStore(500);
    store.set('a', slot(101, 'x'));
    expect(store.get('a')).toBeUndefined();
    expect([...store.keysOf('x')]).toEqual([]);
  });

  it('lists the keys of a scope as long as they are there', () => {
    const store = new MemoryStore(1_500);
    store.set('a', slot(40, 'x', 'y'));
    store.set('b', slot(40, 'x'));
    expect([...store.keysOf('x')]).toEqual(['a', 'b']);
    store.set('b', slot(40, 'y'));
    expect([[...store.keysOf('x')], [...store.keysOf('y')]]).toEqual([['a'], ['a', 'b']]);
    store.delete('a');
    store.set('c', slot(1_400));
    expect([[...store.keysOf('x')], [...store.keysOf('y')]]).toEqual([[], []]);
  });

  it('lists nothing of thousands that are gone', () => {
    const store = new MemoryStore(10_000);
    for (let i = 0; i < 100_000; i++) store.set(String(i), slot(100, `s${i}`));
    expect(store.bytes).toBeLessThanOrEqual(10_000);
    expect([...store.keysOf('s0')]).toEqual([]);
    expect([...store.keysOf('s99999')]).toEqual(['99999']);
  });
});
