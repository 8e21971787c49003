import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

/** Upstreams `a`, `b` and `c`, with the fallback upstream of each. */
function problems(fallbacks: Record<string, string>, rest = ''): string[] {
  const upstreams = ['a', 'b', 'c'].map((id) => {
    const fallback = fallbacks[id] === undefined ? '' : `, fallback: { upstream: ${fallbacks[id]} }`;
    return `  ${id}: { url: http://${id}${fallback} }`;
  });
  const text = ['upstreams:', ...upstreams, rest].join('\n');
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  return result.ok ? [] : result.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

describe('fallback upstreams', () => {
  it('may follow each other', () => {
    expect(problems({ a: 'b', b: 'c' })).toEqual([]);
    expect(problems({ a: 'c', b: 'c' })).toEqual([]);
  });

  it('are there', () => {
    expect(problems({ a: 'other' })).toEqual([
      '2 upstreams.a.fallback.upstream: found "other", expected the id of an entry of `upstreams` (a, b, c)',
    ]);
    expect(problems({}, 'defaults: { fallback: { upstream: d } }')).toEqual([
      expect.stringContaining('5 defaults.fallback.upstream: found "d"'),
    ]);
  });

  it.each([
    [{ a: 'a' }, '2 upstreams.a.fallback.upstream: found "a"', 'a > a'],
    [{ b: 'c', c: 'b' }, '3 upstreams.b.fallback.upstream: found "c"', 'b > c > b'],
    [{ a: 'b', b: 'c', c: 'b' }, '3 upstreams.b.fallback.upstream: found "c"', 'b > c > b'],
    [{ c: 'a', a: 'b', b: 'c' }, '2 upstreams.a.fallback.upstream: found "b"', 'a > b > c > a'],
  ])('do not lead back: %j', (fallbacks, found, chain) => {
    expect(problems(fallbacks)).toEqual([
      `${found}, expected an upstream whose fallbacks do not lead back: ${chain}`,
    ]);
  });

  it('of the defaults are for all but the one they name', () => {
    expect(problems({}, 'defaults: { fallback: { upstream: b } }')).toEqual([]);
  });

  it('do not lead back by way of the defaults', () => {
    expect(problems({ b: 'c' }, 'defaults: { fallback: { upstream: b } }')).toEqual([
      '3 upstreams.b.fallback.upstream: found "c", expected an upstream whose fallbacks do not lead back: b > c > b',
    ]);
  });
});
