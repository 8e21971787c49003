import { describe, expect, it } from 'vitest';
import { bearer } from '../support/tokens.js';
import { type Answer, httpDate, oneGateway } from './one-gateway.js';

const gateway = oneGateway();

async function isReused(answer: Answer, route?: string, headers = {}): Promise<boolean> {
  const { get, seen } = gateway.resource(() => answer, route);
  await get(headers);
  await get(headers);
  return seen.length === 1;
}

const control = (value: string | string[], more = {}) => ({
  headers: { 'cache-control': value, ...more },
});

describe('RFC 9111 section 5.1: Age', () => {
  it.each([
    ['that is no number is ignored', 'old', true],
    ['below zero is ignored', '-7200', true],
    ['with a fraction is ignored', '7200.0', true],
    ['with a parameter is ignored', '7200;a=b', true],
    ['in quotes is ignored', '"7200"', true],
    ['that is empty is ignored', '', true],
    ['with zeros before it counts', '007200', false],
    ['beyond all numbers counts', '9'.repeat(30), false],
    ['that is a list counts by its first member', '7200, 0', false],
    ['that is a list with other blanks counts by its first member', '7200 , 0', false],
    ['that is a list counts by its first member, however late the others', '0, 7200', true],
    ['on two lines counts by the first', ['7200', '0'], false],
    ['on two lines counts by the first, however late the second', ['0', '7200'], true],
  ])('%s', async (_, age, reused) => {
    expect(await isReused(control('max-age=3600', { age }))).toBe(reused);
  });

  it('continues from that of the upstream', async () => {
    const { get } = gateway.resource(() => control('max-age=3600', { age: '30' }));
    expect((await get()).headers['age']).toBe('30');
    expect((await get()).headers['age']).toMatch(/^3[01]$/);
  });
});

describe('RFC 9111 section 5.2: Cache-Control', () => {
  it.each([
    ['in any case', 'MaX-AgE=3600', true],
    ['in any case, forbidding', 'max-age=3600, No-StOrE', false],
    ['with unknown directives', 'x, y=1, z="2", max-age=3600', true],
    ['with empty members', ', max-age=3600,, ,', true],
    ['with a directive in a quoted string', 'x="max-age=3600", max-age=0', false],
    ['with a directive in a later quoted string', 'max-age=0, x="max-age=3600"', false],
    ['with a forbidding one in a quoted string', 'max-age=3600, x="a, no-store"', true],
    ['with an escaped quote', 'x="\\", no-store", max-age=3600', true],
    ['with quotes amid an argument', 'x=a"max-age=3600"', false],
    ['with a blank before =', 'max-age =3600', false],
    ['with a blank after =', 'max-age= 3600', false],
    ['with a semicolon', 'max-age=3600; no-store', false],
    ['with a blank for a comma', 'max-age=3600 no-store', false],
    ['with an open quote before what forbids', 'max-age=3600, x="a, no-store', false],
    ['with an argument that no-store has not', 'max-age=3600, no-store=x', false],
    ['on lines of its own', ['max-age=3600', 'no-store'], false],
  ])('%s', async (_, value, reused) => {
    expect(await isReused(control(value))).toBe(reused);
  });
});

describe('RFC 9111 section 5.2.2: response directives', () => {
  const stale = (directive: string) => control(`max-age=60, ${directive}`, { age: '100', etag: '"1"' });

  it.each([
    ['5.2.2.2 must-revalidate', 'must-revalidate'],
    ['5.2.2.8 proxy-revalidate', 'proxy-revalidate'],
    ['5.2.2.10 s-maxage', 's-maxage=60'],
  ])('%s is used while fresh and validated afterwards', async (_, directive) => {
    expect(await isReused(control(`max-age=60, ${directive}`))).toBe(true);
    const { get, seen } = gateway.resource([stale(directive), { status: 304 }]);
    await get();
    expect(await get({ 'cache-control': 'max-stale' })).toMatchObject({ status: 200, body: '1' });
    expect(seen[1]?.headers['if-none-match']).toBe('"1"');
  });

  it.each([
    ['200, against no-store', 200, 'max-age=60, no-store, must-understand', true],
    ['404, against no-store', 404, 'max-age=60, no-store, must-understand', true],
    ['a status that nobody knows', 599, 'max-age=60, must-understand', false],
    ['a status that nobody knows, which may be stored without it', 599, 'max-age=60', true],
  ])('5.2.2.3 must-understand applies to %s', async (_, status, value, reused) => {
    expect(await isReused({ status, ...control(value) })).toBe(reused);
  });

  it.each(['no-cache', 'NO-CACHE', 'no-cache=""', 'no-cache, max-age=3600'])(
    '5.2.2.4 %s is validated before each use',
    async (value) => {
      const not = { status: 304, headers: { 'cache-control': value } };
      const { get, seen } = gateway.resource([control(value, { etag: '"1"' }), not, not]);
      for (const _ of [1, 2, 3]) expect(await get()).toMatchObject({ status: 200, body: '1' });
      expect(seen.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"', '"1"']);
    },
  );

  it.each([
    ['5.2.2.4 no-cache', 'no-cache="x-a, X-B"'],
    ['5.2.2.4 no-cache without quotes', 'no-cache=x-a, no-cache="x-b"'],
    ['5.2.2.7 private', 'private="x-a, X-B"'],
  ])('%s sends the named fields only to the first client', async (_, value) => {
    const { get } = gateway.resource([control(`max-age=60, ${value}`, { 'x-a': '1', 'x-c': '1' })]);
    expect((await get()).headers['x-a']).toBe('1');
    const { headers, body } = await get();
    expect([body, headers['x-a'], headers['x-c']]).toEqual(['1', undefined, '1']);
  });

  it('5.2.2.4 a field named by no-cache comes with each validation', async () => {
    const said = { 'cache-control': 'no-cache="set-cookie", max-age=60', etag: '"1"' };
    const { get } = gateway.resource([
      { headers: { ...said, age: '100', 'set-cookie': 'a=1' } },
      { status: 304, headers: { ...said, 'set-cookie': 'a=2' } },
    ]);
    expect((await get()).headers['set-cookie']).toEqual(['a=1']);
    expect(await get()).toMatchObject({ status: 200, body: '1', headers: { 'set-cookie': ['a=2'] } });
    expect((await get()).headers['set-cookie']).toBeUndefined();
  });

  it('5.2.2.5 no-store keeps the stored response, which a newer one replaces', async () => {
    const { get } = gateway.resource([control('max-age=60'), control('no-store'), control('max-age=60')]);
    await get();
    expect((await get({ 'cache-control': 'no-store' })).body).toBe('2');
    expect((await get()).body).toBe('1');
    expect((await get({ 'cache-control': 'no-cache' })).body).toBe('3');
    expect((await get()).body).toBe('3');
  });

  it('5.2.2.6 no-transform sends the stored bytes unchanged', async () => {
    const body = '\u00fe\u00ff<html>\r\n';
    const { get } = gateway.resource([
      {
        bytes: `HTTP/1.1 200 OK\r\nCache-Control: max-age=60, no-transform\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      },
    ]);
    const first = await get({ 'accept-encoding': 'gzip' });
    expect((await get({ 'accept-encoding': 'gzip' })).body).toBe(first.body);
  });

  it.each(['private', 'Private, max-age=60', 'private="", max-age=60'])(
    '5.2.2.7 %s is stored only for its user',
    async (value) => {
      const alice = bearer({ sub: 'alice' });
      expect(await isReused(control(value, { expires: httpDate(60) }))).toBe(false);
      expect(await isReused(control(value, { expires: httpDate(60) }), '/shared', alice)).toBe(false);
      expect(await isReused(control(value, { expires: httpDate(60) }), '/mine', alice)).toBe(true);
    },
  );

  it.each([
    ['5.2.2.9 public', 'public, max-age=60', true],
    ['5.2.2.10 s-maxage', 's-maxage=60', true],
    ['5.2.2.2 must-revalidate', 'max-age=60, must-revalidate', true],
    ['5.2.2.8 proxy-revalidate, not', 'max-age=60, proxy-revalidate', false],
    ['5.2.2.1 max-age, not', 'max-age=60', false],
    ['RFC 8246 immutable, not', 'max-age=60, immutable', false],
  ])('%s allows sharing the response to a user (section 3.5)', async (_, value, shared) => {
    const { get } = gateway.resource(() => control(value), '/shared');
    await get(bearer({ sub: 'alice' }));
    expect((await get(bearer({ sub: 'bob' }))).body === '1').toBe(shared);
  });

  it('5.2.2.10 s-maxage alone is also a lifetime per user', async () => {
    expect(await isReused(control('s-maxage=60'), '/mine', bearer())).toBe(true);
    expect(await isReused(control('s-maxage=0'), '/mine', bearer())).toBe(false);
  });

  it('RFC 8246 section 2: immutable is not a lifetime and is validated when stale', async () => {
    expect(await isReused(control('immutable'))).toBe(false);
    const { get, seen } = gateway.resource([stale('immutable'), { status: 304 }]);
    await get();
    await get();
    expect(seen[1]?.headers['if-none-match']).toBe('"1"');
  });
});

describe('RFC 9111 section 5.3: Expires', () => {
  it.each([
    ['in the preferred form', 'Thu, 18 Aug 2050 02:01:18 GMT', true],
    ['in the form of RFC 850', 'Thursday, 18-Aug-50 02:01:18 GMT', true],
    ['in the form of asctime', 'Thu Aug 18 02:01:18 2050', true],
    ['of 0', '0', false],
    ['of -1', '-1', false],
    ['that is empty', '', false],
    ['in UTC', 'Thu, 18 Aug 2050 02:01:18 UTC', false],
    ['with a year of two digits', 'Thu, 18 Aug 50 02:01:18 GMT', false],
    ['without a comma', 'Thu 18 Aug 2050 02:01:18 GMT', false],
    ['with dashes', 'Thu, 18-Aug-2050 02:01:18 GMT', false],
    ['with full stops', 'Thu, 18 Aug 2050 02.01.18 GMT', false],
    ['with an hour of one digit', 'Thu, 18 Aug 2050 2:01:18 GMT', false],
    ['of a day that is none', 'Thu, 31 Feb 2050 02:01:18 GMT', false],
    ['of two dates', 'Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT', false],
  ])('%s', async (_, expires, reused) => {
    expect(await isReused({ headers: { expires } })).toBe(reused);
  });
});

describe('RFC 9111 section 5.4: Pragma', () => {
  it.each([
    ['no-cache', {}, '2'],
    ['No-Cache', {}, '2'],
    ['x, no-cache', {}, '2'],
    ['x', {}, '1'],
    ['no-cache-at-all', {}, '1'],
    ['no-cache', { 'cache-control': 'x' }, '1'],
  ])('applies %s of a request with %j', async (pragma, more, body) => {
    const { get } = gateway.resource(() => control('max-age=60'));
    await get();
    expect((await get({ pragma, ...more })).body).toBe(body);
  });

  it('is ignored in a response', async () => {
    expect(await isReused(control('max-age=60', { pragma: 'no-cache' }))).toBe(true);
  });
});
