import { expect } from 'vitest';
import { type Replica, replicas } from './replicas.js';
import { until } from './until.js';

const TAGGED = { 'cache-control': 'max-age=60', 'surrogate-key': 'one', vary: 'accept' };
const PATHS = Array.from({ length: 9 }, (_, i) => `/${i}`);

/** Two gateways share what the upstream answered, and a purge reaches both. */
export async function expectShared(redis: string): Promise<readonly [Replica, Replica]> {
  const { all, seen } = await replicas((_, { url }) => ({ headers: TAGGED, body: String(url) }), { redis });
  const [a, b] = all;
  if (!a || !b) throw new Error('two replicas');
  for (const path of PATHS) await a.get(path);
  // Writes are on their way while the clients read.
  for (const path of PATHS) {
    await until('it is shared', async () => {
      const asked = await b.get(path, { 'cache-control': 'only-if-cached' });
      return asked.status === 200 && asked.body === path;
    });
  }
  expect(seen).toHaveLength(PATHS.length);
  await a.purge('?tag=one');
  for (const path of PATHS) {
    await until('it is dropped', async () => {
      return (await b.get(path, { 'cache-control': 'only-if-cached' })).status === 504;
    });
  }
  return [a, b];
}
