import { describe, expect, it } from 'vitest';
import { announcedTrailers, ClientHeaders, clientTrailers } from './response-headers.js';

const DEFAULTS = [{ name: 'x-frame-options', value: 'SAMEORIGIN' }];
const DROPPED = new Set(['x-powered-by']);

describe('ClientHeaders', () => {
  it('keeps repeated fields apart, and adds defaults the upstream did not decide on', () => {
    const headers = new ClientHeaders(DEFAULTS, DROPPED).from({ 'set-cookie': ['a=1', 'b=2'], 'x-y': 'z' });
    expect(headers).toEqual([
      'set-cookie',
      'a=1',
      'set-cookie',
      'b=2',
      'x-y',
      'z',
      'x-frame-options',
      'SAMEORIGIN',
    ]);
  });

  it('lets the upstream decide', () => {
    expect(new ClientHeaders(DEFAULTS, DROPPED).from({ 'x-frame-options': 'DENY' })).toEqual([
      'x-frame-options',
      'DENY',
    ]);
  });

  it('does not let Connection take a default away', () => {
    const upstream = { connection: 'x-frame-options', 'x-frame-options': 'DENY' };
    expect(new ClientHeaders(DEFAULTS, DROPPED).from(upstream)).toEqual(['x-frame-options', 'SAMEORIGIN']);
  });

  it('drops hop-by-hop fields, framing, what Connection names, and what is never passed on', () => {
    const upstream = {
      connection: ['close', 'X-Once'],
      'x-once': '1',
      'keep-alive': 'timeout=5',
      'transfer-encoding': 'chunked',
      'content-length': '3',
      trailer: 'X',
      'x-powered-by': 'PHP',
    };
    expect(new ClientHeaders([], DROPPED).from(upstream)).toEqual([]);
  });
});

describe('trailers', () => {
  it('keeps what may come after a body, every line of it', () => {
    expect(clientTrailers({ 'grpc-status': '0', digest: ['a', 'b'] })).toEqual([
      ['grpc-status', '0'],
      ['digest', 'a'],
      ['digest', 'b'],
    ]);
  });

  it.each([
    'content-length',
    'transfer-encoding',
    'host',
    'authorization',
    'set-cookie',
    'trailer',
    'connection',
    'content-type',
    'www-authenticate',
    'proxy-authenticate',
    'access-control-allow-origin',
    'x-user-id',
    'x-forwarded-for',
  ])('drops %s', (name) => {
    expect(clientTrailers({ [name]: 'x' })).toBeUndefined();
  });

  it('announces what may come, from every line', () => {
    expect(announcedTrailers(['Grpc-Status,Host', ' X-Sum ,, a b', 'set-cookie'])).toBe('grpc-status, x-sum');
    expect(announcedTrailers('Content-Length')).toBeUndefined();
    expect(announcedTrailers('')).toBeUndefined();
  });
});
