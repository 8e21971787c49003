import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';

it('starts several gateways of one process at the same time', async () => {
  const all = await Promise.allSettled(Array.from({ length: 3 }, () => gateway('routes: []').start()));
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
});
