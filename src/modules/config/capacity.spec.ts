import { expect, it } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { capacityLines } from './capacity.js';

it('names the capacity of each upstream, once for all that have the same', () => {
  const config = configOf(`
upstreams:
  users: { url: http://users }
  orders: { url: http://orders }
  small: { targets: [{ url: http://a }, { url: http://b }], pool: { connections: 5 }, bulkhead: { queue: 0 } }
`);
  expect(capacityLines(config)).toEqual([
    'Capacity of users, orders: 256 calls waiting for a response, 512 in the queue, 1024 streams, 1280 connections.',
    'Capacity of small: 10 calls waiting for a response, 0 in the queue, 10 streams, 10 connections.',
  ]);
});
