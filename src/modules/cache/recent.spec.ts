import { expect, it } from 'vitest';
import { inUse } from '../../../test/support/memory.js';
import { Recent } from './recent.js';

it.each(['short', 'x'.repeat(14_000)])('tells names apart', (start) => {
  const recent = new Recent<number>(10);
  recent.set(`u:${start}1`, 1);
  recent.set(`u:${start}2`, 2);
  recent.delete(`u:${start}1`);
  expect([recent.get(`u:${start}1`), recent.has(`u:${start}1`), recent.get(`u:${start}2`)]).toEqual([
    undefined,
    false,
    2,
  ]);
});

it('forgets the oldest', () => {
  const recent = new Recent<true>(2);
  for (const name of ['a', 'b', 'c']) recent.set(name, true);
  expect([recent.has('a'), recent.has('c')]).toEqual([false, true]);
});

it('keeps nothing of long names', () => {
  const recent = new Recent<true>(1_000);
  const before = inUse();
  for (let i = 0; i < 1_000; i++) recent.set(Buffer.alloc(14_000, `${i}/`).toString('latin1'), true);
  expect(inUse() - before).toBeLessThan(2 * 1024 * 1024);
  expect(recent.has(Buffer.alloc(14_000, '7/').toString('latin1'))).toBe(true);
});
