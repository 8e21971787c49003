import { expect, it } from 'vitest';
import { type Address, SystemResolver } from './resolver.js';

it('resolves two names at a time, so that look-ups that hang leave threads free', async () => {
  const answers = new Map<string, (addresses: Address[]) => void>();
  const resolver = new SystemResolver((host) => new Promise((resolve) => answers.set(host, resolve)));
  const resolved: string[] = [];
  const all = ['a', 'b', 'c', 'd'].map((host) => resolver.resolve(host).then(() => resolved.push(host)));
  expect([...answers.keys()]).toEqual(['a', 'b']);
  answers.get('b')?.([]);
  await all[1];
  await Promise.resolve();
  expect([...answers.keys()]).toEqual(['a', 'b', 'c']);
  answers.get('c')?.([]);
  await all[2];
  await Promise.resolve();
  for (const host of ['a', 'd']) answers.get(host)?.([]);
  await Promise.all(all);
  expect(resolved).toEqual(expect.arrayContaining(['a', 'b', 'c', 'd']));
});

it('asks the system by default', async () => {
  expect(await new SystemResolver().resolve('127.0.0.1')).toEqual([{ address: '127.0.0.1', family: 4 }]);
});
