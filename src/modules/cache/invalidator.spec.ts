import { describe, expect, it } from 'vitest';
import { ConfigStore } from '../config/config.store.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import { originName } from './cache-key.js';
import { invalidated, Invalidator } from './invalidator.js';
import type { ResponseCache } from './response-cache.js';

const TARGET = { origin: 'a.test', target: '/orders?x' };

describe('invalidated (RFC 9111 section 4.4)', () => {
  it.each([200, 201, 204, 303])('contains the target for status %i', (status) => {
    expect(invalidated(status, {}, TARGET)).toEqual([TARGET]);
  });

  it.each([101, 400, 404, 409, 500, 503])('is empty for status %i', (status) => {
    expect(invalidated(status, { location: '/a' }, TARGET)).toEqual([]);
  });

  it.each([
    ['/orders/1', '/orders/1'],
    ['1', '/1'],
    ['?y', '/orders?y'],
    ['http://a.test/1', '/1'],
    ['https://A.test/1', '/1'],
    ['//a.test:80/%61', '/a'],
  ])('contains what Location and Content-Location name: %s', (reference, target) => {
    const named = { origin: 'a.test', target };
    expect(invalidated(201, { location: reference }, TARGET)).toEqual([TARGET, named]);
    expect(invalidated(201, { 'content-location': reference }, TARGET)).toEqual([TARGET, named]);
  });

  it('contains what they name when the request had no host', () => {
    const nameless = { origin: '', target: '/orders' };
    const named = { origin: '', target: '/1' };
    expect(invalidated(201, { location: '/1' }, nameless)).toEqual([nameless, named]);
    expect(invalidated(201, { location: 'http://a.test/1' }, nameless)).toEqual([nameless]);
  });

  it.each([
    'http://b.test/1',
    'http://a.test:8080/1',
    'ws://a.test/1',
    'mailto:a@a.test',
    'http://[',
    '/%5C',
  ])('does not contain what they name elsewhere: %s', (location) => {
    expect(invalidated(201, { location }, TARGET)).toEqual([TARGET]);
  });
});

describe('originName', () => {
  it.each([
    ['a.test', 'a.test'],
    ['A.test:80', 'a.test'],
    ['a.test:443', 'a.test'],
    ['a.test:8080', 'a.test:8080'],
  ])('of %s is %s', (authority, origin) => {
    expect(originName(authority, 'a.test')).toBe(origin);
  });
});

describe('Invalidator', () => {
  const watch = (method: string) => {
    const config = new ConfigStore({ routes: [{ cache: {} }] } as unknown as GatewayConfig);
    const exchange = { req: { method } } as unknown as Exchange;
    new Invalidator({} as ResponseCache, config).watch(exchange);
    return exchange.cache?.kind;
  };

  it('watches every method that is not known to be safe', () => {
    expect(['GET', 'HEAD', 'OPTIONS', 'TRACE'].filter(watch)).toEqual([]);
    expect(['POST', 'PUT', 'DELETE', 'PATCH', 'PURGE'].filter(watch)).toHaveLength(5);
  });
});
