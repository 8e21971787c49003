import { expect, it } from 'vitest';
import { announcedTrailers, clientTrailers } from './trailers.js';

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
