import { expect, it } from 'vitest';
import type { UpstreamConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import { hashKeyOf } from './upstream-request.js';

it.each([
  ['subject', { subject: 'alice' }, 'alice'],
  ['address when a token has no subject', { subject: '' }, '10.0.0.1'],
  ['address when nobody is authenticated', undefined, '10.0.0.1'],
])('hashes a user by the %s', (_by, identity, key) => {
  const exchange = { head: { clientIp: '10.0.0.1' }, identity } as unknown as Exchange;
  const config = { balancer: 'consistent-hash', hashOn: 'user' } as UpstreamConfig;
  expect(hashKeyOf(exchange, config)).toBe(key);
});
