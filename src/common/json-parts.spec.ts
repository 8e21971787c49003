import { describe, expect, it } from 'vitest';
import { jsonParts } from './json-parts.js';

const textOf = (value: unknown) => [...jsonParts(value)].join('');

describe('jsonParts', () => {
  it.each([
    ['no object', 'text'],
    ['null', null],
    ['empty ones', { a: {}, b: [], c: [[], {}] }],
    ['members without a value', { a: undefined, b: [undefined, 1], c: { d: undefined, e: null } }],
    ['a date', { at: new Date(0), list: [new Date(1)] }],
    ['text that is escaped', { 'a"b': ['\n', { 'c\\': '"' }] }],
    ['deep values', [{ a: { b: { c: [1, { d: undefined, e: new Date(2) }] } } }]],
  ])('writes what JSON.stringify does: %s', (_name, value) => {
    expect(textOf(value)).toBe(JSON.stringify(value));
  });

  it('divides the entries of lists in an object', () => {
    // A configuration has such objects.
    const withoutPrototype = Object.assign(Object.create(null) as object, { b: { id: 'b' } });
    const parts = [...jsonParts({ routes: [{ id: 'a' }], upstreams: withoutPrototype })];
    expect(parts).toContain('{"id":"a"}');
    expect(parts).toContain('{"id":"b"}');
  });

  it('makes a part when it is read', () => {
    let made = 0;
    const parts = jsonParts([1, 2, 3], (value) => `${(made++, value as number)}`);
    parts.next();
    expect(made).toBe(0);
    parts.next();
    expect(made).toBe(1);
  });

  it('tells the keys of the objects that a value is in', () => {
    const keys: string[] = [];
    const parts = jsonParts({ routes: [{}], redis: { url: 'u' } }, (_value, path) => {
      keys.push(path.join('.'));
      return '0';
    });
    expect([...parts].join('')).toBe('{"routes":[0],"redis":{"url":0}}');
    expect(keys).toEqual(['routes', 'redis.url']);
  });
});
