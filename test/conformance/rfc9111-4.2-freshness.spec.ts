import { describe, expect, it } from 'vitest';
import { type Answer, httpDate, oneGateway } from './one-gateway.js';

const gateway = oneGateway();

/** @returns whether a second request got the stored response of the first one */
async function isReused(answer: Answer): Promise<boolean> {
  const { get, seen } = gateway.resource(() => answer);
  await get();
  await get();
  return seen.length === 1;
}

const control = (value: string, more = {}) => ({ headers: { 'cache-control': value, ...more } });
const FRESH = 'max-age=3600';

describe('RFC 9111 section 4.2: a lifetime is compared with the age', () => {
  it.each([
    ['below it', '3599', true],
    ['equal', '3600', false],
    ['above it', '3601', false],
  ])('compares an Age %s', async (_, age, reused) => {
    expect(await isReused(control(FRESH, { age }))).toBe(reused);
  });
});

describe('RFC 9111 section 4.2.1: the lifetime', () => {
  it.each<[string, Answer, boolean]>([
    ['s-maxage before max-age', control('max-age=0, s-maxage=3600'), true],
    ['s-maxage before max-age, in other order', control('s-maxage=0, max-age=3600'), false],
    ['s-maxage of another line', { headers: { 'cache-control': ['max-age=3600', 's-maxage=0'] } }, false],
    ['s-maxage before Expires', control('s-maxage=3600', { expires: httpDate(-100) }), true],
    ['max-age before a past Expires', control(FRESH, { expires: httpDate(-100) }), true],
    ['max-age before an Expires that is no date', control(FRESH, { expires: '0' }), true],
    ['max-age=0 before a future Expires', control('max-age=0', { expires: httpDate(100) }), false],
    ['Expires less Date', { headers: { expires: httpDate(100), date: httpDate(0) } }, true],
    ['Expires in another case', { headers: { expires: httpDate(100).toUpperCase() } }, true],
    ['Expires less a fast Date', { headers: { expires: httpDate(300), date: httpDate(400) } }, false],
    ['Expires equal to Date', { headers: { expires: httpDate(0), date: httpDate(0) } }, false],
    ['Expires without a Date', { undated: true, headers: { expires: httpDate(100) } }, true],
    ['Expires beside a Date that is none', { headers: { expires: httpDate(100), date: 'soon' } }, true],
    ['nothing', {}, false],
  ])('is of %s', async (_, answer, reused) => {
    expect(await isReused(answer)).toBe(reused);
  });

  it.each<[string, Answer, boolean]>([
    ['max-age twice, the first counts', control('max-age=0, max-age=3600'), false],
    ['s-maxage twice, the first counts', control('s-maxage=0, s-maxage=3600'), false],
    ['max-age on two lines', { headers: { 'cache-control': ['max-age=0', 'max-age=3600'] } }, false],
    ['two Expires', { headers: { expires: [httpDate(100), httpDate(200)] } }, false],
    ['what restricts most', control('max-age=3600, no-store'), false],
    ['what restricts most, of two lines', { headers: { 'cache-control': [FRESH, 'no-cache'] } }, false],
  ])('is resolved among conflicting directives: %s', async (_, answer, reused) => {
    expect(await isReused(answer)).toBe(reused);
  });

  it.each([
    '',
    'a3600',
    '3600a',
    '3600.0',
    '3600.5',
    '-3600',
    '+3600',
    '1e5',
    '0x10',
    "'3600'",
    ' 3600',
    '"',
  ])('is zero with max-age=%s', async (value) => {
    expect(await isReused(control(`max-age=${value}`, { expires: httpDate(100) }))).toBe(false);
  });

  it.each(['"3600"', '003600', '2147483648', '99999999999', '9'.repeat(40)])(
    'is read from max-age=%s',
    async (value) => {
      expect(await isReused(control(`max-age=${value}`))).toBe(true);
    },
  );
});

describe('RFC 9111 section 4.2.2: the default lifetime', () => {
  const byDefault = oneGateway('{}');
  async function isKept(answer: Answer): Promise<boolean> {
    const { get, seen } = byDefault.resource(() => answer);
    await get();
    await get();
    return seen.length === 1;
  }

  it.each([200, 203, 204, 300, 301, 308])('is the configured one for %i', async (status) => {
    expect(await isKept({ status })).toBe(true);
  });

  it.each([201, 202, 302, 303, 307, 401, 403, 429, 500, 502, 503, 504, 599])(
    'does not apply to %i',
    async (status) => {
      expect(await isKept({ status, headers: { 'last-modified': httpDate(-1e6) } })).toBe(false);
    },
  );

  it.each([302, 404, 599])('is the configured one for a public %i', async (status) => {
    expect(await isKept({ status, ...control('public') })).toBe(true);
  });

  it.each<[string, Answer]>([
    ['max-age', control('max-age=0')],
    ['a max-age that is no number', control('max-age=soon')],
    ['Expires', { headers: { expires: '0' } }],
    ['s-maxage', control('s-maxage=0')],
  ])('does not apply beside %s', async (_, answer) => {
    expect(await isKept(answer)).toBe(false);
  });

  it('is five minutes', async () => {
    const { get } = byDefault.resource([]);
    await get();
    expect((await get()).cacheStatus).toMatch(/; ttl=(300|299)$/);
  });
});

describe('RFC 9111 section 4.2.3: the age', () => {
  it.each<[string, Answer, boolean]>([
    ['of Age', control('max-age=100', { date: httpDate(-10), age: '200' }), false],
    ['of Age, where Date is slow', control('max-age=100', { date: httpDate(-200), age: '10' }), true],
    ['of Age, where Date is fast', control('max-age=100', { date: httpDate(50), age: '200' }), false],
    ['none, where Date is slow', control('max-age=100', { date: httpDate(-200) }), true],
    [
      'of Age, where Expires and Date are slow',
      { headers: { date: httpDate(-10), expires: httpDate(10), age: '25' } },
      false,
    ],
    [
      'of Age, where Expires and Date are fast',
      { headers: { date: httpDate(10), expires: httpDate(20), age: '15' } },
      false,
    ],
    ['none, where Date is fast', control('max-age=100', { date: httpDate(500) }), true],
  ])('is that %s', async (_, answer, reused) => {
    expect(await isReused(answer)).toBe(reused);
  });

  it('is sent with every use while Date is kept (section 4)', async () => {
    const date = httpDate(-90);
    const { get } = gateway.resource(() => control(FRESH, { date, age: '20' }));
    await get();
    const { headers } = await get();
    expect(headers['date']).toBe(date);
    expect([20, 21]).toContain(Number(headers['age']));
  });

  it('is counted from the arrival of a response without a Date', async () => {
    const { get } = gateway.resource(() => ({ undated: true, headers: { 'cache-control': FRESH } }));
    await get();
    expect((await get()).headers).toMatchObject({ age: '0', date: expect.stringContaining('GMT') });
  });
});

describe('RFC 9111 section 4.2.4: a stale response', () => {
  const lenient = oneGateway('{ ttl: 1ms, staleIfError: 1h, staleWhileRevalidate: 1h }');
  const stale = (more = '') => control(`max-age=60${more}`, { age: '100', etag: '"1"' });

  it('is not used without permission while the upstream is down', async () => {
    const { get } = gateway.resource([stale(), 'reset', { status: 503 }]);
    await get();
    expect([(await get()).status, (await get()).status]).toEqual([502, 503]);
  });

  it.each(['must-revalidate', 'proxy-revalidate', 's-maxage=60', 'no-cache'])(
    'is not used against %s: not on error, while revalidating or with max-stale',
    async (directive) => {
      const { get, seen } = lenient.resource([stale(`, ${directive}`), 'reset', { status: 503 }, stale()]);
      await get();
      expect((await get()).status).toBe(502);
      expect((await get()).status).toBe(503);
      expect(await get({ 'cache-control': 'max-stale' })).toMatchObject({ body: '4' });
      expect(seen).toHaveLength(4);
    },
  );

  it('is used for HEAD and ranges on an error', async () => {
    const { get } = lenient.resource([
      control('max-age=60, stale-while-revalidate=0', { age: '100', etag: '"1"' }),
      { status: 503 },
      { status: 500 },
    ]);
    await get();
    expect(await get({}, 'HEAD')).toMatchObject({ status: 200, headers: { 'breakwater-fallback': 'stale' } });
    expect(await get({ range: 'bytes=0-0' })).toMatchObject({ status: 206, body: '1' });
  });
});
