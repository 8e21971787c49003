import { describe, expect, it } from 'vitest';
import { headers, method, statuses, statusRange } from './http.js';
import { fallbackSchema } from './resilience.js';

describe('method', () => {
  it('is upper-cased', () => {
    expect(method().parse('get')).toBe('GET');
    expect(method().parse('M-SEARCH')).toBe('M-SEARCH');
  });

  it.each(['CONNECT', 'trace', 'Track', 'GET /', '', 'GE T', 1])('refuses %j', (written) => {
    expect(method().safeParse(written).success).toBe(false);
  });
});

describe('headers', () => {
  it('lower-cases names and has no prototype', () => {
    const parsed = headers().parse({ 'X-Beta': '1', constructor: 'x' });
    expect(parsed).toEqual({ 'x-beta': '1', constructor: 'x' });
    expect(Object.getPrototypeOf(parsed)).toBeNull();
  });

  it.each([
    ['a name that is no token', { 'bad name': 'x' }],
    ['an empty name', { '': 'x' }],
    ['a line break in a value', { a: 'x\r\ny: z' }],
    ['a NUL in a value', { a: 'x\0' }],
    ['a blank around a value', { a: ' x' }],
    ['a number', { a: 1 }],
    ['one name in two cases', { 'X-A': '1', 'x-a': '2' }],
  ])('refuses %s', (_, written) => {
    expect(headers().safeParse(written).error?.issues).toHaveLength(1);
  });

  it.each([NaN, Infinity, { count: -Infinity }, [[NaN]]])('a body cannot be %j, which JSON lacks', (body) => {
    expect(fallbackSchema.safeParse({ response: { body } }).success).toBe(false);
    expect(fallbackSchema.safeParse({ response: { body: [{ count: 1.5, none: null }] } }).success).toBe(true);
  });

  it.each(['Content-Length', 'transfer-encoding', 'CONNECTION'])('a response cannot set %s', (name) => {
    expect(fallbackSchema.safeParse({ response: { headers: { [name]: '5' } } }).success).toBe(false);
    expect(headers().safeParse({ [name]: '5' }).success).toBe(true);
  });
});

describe('statusRange', () => {
  it.each([
    [200, [200, 200]],
    ['200', [200, 200]],
    ['200-299', [200, 299]],
    ['100-599', [100, 599]],
  ])('reads %j', (written, range) => {
    expect(statusRange().parse(written)).toEqual(range);
  });

  it.each(['2xx', '299-200', '99', 99, 600, '500-600', '200-', '200 - 299', 200.5, null])(
    'refuses %j',
    (written) => {
      expect(statusRange().safeParse(written).success).toBe(false);
    },
  );
});

describe('statuses', () => {
  it('can be single statuses and ranges', () => {
    expect(statuses().parse([500, '502-504'])).toEqual([500, 502, 503, 504]);
  });
});
