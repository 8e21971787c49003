import { describe, expect, it } from 'vitest';
import { type Answer, httpDate, oneGateway } from './one-gateway.js';

const gateway = oneGateway();
const MODIFIED = httpDate(-10_000);
const stale = (headers = {}) => ({
  headers: { 'cache-control': 'max-age=60', age: '100', ...headers },
});
const fresh = (headers = {}) => ({
  headers: { 'cache-control': 'max-age=60', ...headers },
  body: '1',
});

describe('RFC 9111 section 4.3.5: the response to a HEAD', () => {
  it.each<[string, Record<string, string>]>([
    ['the entity tag', { etag: '"1"' }],
    ['a weak tag', { etag: 'W/"1"' }],
    ['the date', { 'last-modified': MODIFIED }],
    ['the length alone', { 'cache-control': 'max-age=60, stale-if-error=3600' }],
  ])('freshens the stored response, by %s', async (_, validators) => {
    const { get, seen } = gateway.resource([
      stale({ ...validators, 'x-a': '1', 'x-b': '1' }),
      fresh({ ...validators, 'x-a': '2' }),
    ]);
    await get();
    expect(await get({}, 'HEAD')).toMatchObject({ status: 200, headers: { 'x-a': '2' } });
    expect(await get()).toMatchObject({
      body: '1',
      headers: { 'x-a': '2', 'x-b': '1', 'content-length': '1' },
    });
    expect(seen.map(({ method }) => method)).toEqual(['GET', 'HEAD']);
  });

  it.each<[string, Record<string, string>, Answer]>([
    ['another entity tag', { etag: '"1"' }, fresh({ etag: '"2"' })],
    ['an entity tag that it had not', {}, fresh({ etag: '"2"' })],
    ['another date', { 'last-modified': MODIFIED }, fresh({ 'last-modified': httpDate(-5_000) })],
    ['another length', { etag: '"1"' }, { ...fresh({ etag: '"1"' }), body: 'longer' }],
    ['no-store', { etag: '"1"' }, fresh({ etag: '"1"', 'cache-control': 'no-store' })],
    ['Vary: *', { etag: '"1"' }, fresh({ etag: '"1"', vary: '*' })],
    ['a cookie', { etag: '"1"' }, fresh({ etag: '"1"', 'set-cookie': 'a=1' })],
  ])('removes the stored response, by %s', async (_, validators, answer) => {
    const { get, seen } = gateway.resource([fresh(validators), answer]);
    await get();
    await get({ 'cache-control': 'no-cache' }, 'HEAD');
    expect((await get()).body).toBe('3');
    expect(seen[2]?.headers['if-none-match']).toBeUndefined();
  });

  it.each([404, 410, 500])('with %i does not affect the stored response', async (status) => {
    const { get, seen } = gateway.resource([fresh({ etag: '"1"' }), { status }]);
    await get();
    expect((await get({ 'cache-control': 'no-cache' }, 'HEAD')).status).toBe(status);
    expect((await get()).body).toBe('1');
    expect(seen).toHaveLength(2);
  });

  it('does not affect a stored error', async () => {
    const { get } = gateway.resource([{ ...fresh(), status: 404 }, fresh({ etag: '"2"' })]);
    await get();
    await get({ 'cache-control': 'no-cache' }, 'HEAD');
    expect(await get()).toMatchObject({ status: 404, body: '1' });
  });

  it('affects only its own variant', async () => {
    const { get } = gateway.resource([
      fresh({ vary: 'x-a', etag: '"1"' }),
      fresh({ vary: 'x-a', etag: '"2"' }),
    ]);
    await get({ 'x-a': '1' });
    await get({ 'x-a': '2' }, 'HEAD');
    expect((await get({ 'x-a': '1' })).body).toBe('1');
  });

  it('stores nothing by itself', async () => {
    const { get } = gateway.resource([fresh()]);
    await get({ 'cache-control': 'no-cache' }, 'HEAD');
    expect(await get()).toMatchObject({ body: '2', cacheStatus: 'Breakwater; fwd=uri-miss' });
  });
});
