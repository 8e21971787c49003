import { describe, expect, it } from 'vitest';
import { oneGateway } from './one-gateway.js';

const gateway = oneGateway();
const MODIFIED = 'Sun, 01 Nov 2020 12:00:00 GMT';
const LATER = 'Sun, 01 Nov 2020 13:00:00 GMT';
const EARLIER = 'Sun, 01 Nov 2020 11:00:00 GMT';
const CONTROL = { 'cache-control': 'max-age=3600' };

/** Requests the stored response, without a call to the upstream. */
async function ask(first: Record<string, string>, second: Record<string, string | string[]>, status = 200) {
  const { get, seen } = gateway.resource([{ status, headers: { ...CONTROL, ...first }, body: '0123456789' }]);
  await get();
  const answer = await get(second);
  expect(seen).toHaveLength(1);
  return answer;
}

describe('RFC 9110 section 13.1.2: If-None-Match', () => {
  it.each<[string | string[], string, number]>([
    ['"1"', '"1"', 304],
    ['W/"1"', '"1"', 304],
    ['"1"', 'W/"1"', 304],
    ['W/"1"', 'W/"1"', 304],
    ['"1", "2", "3"', '"1"', 304],
    ['"2","1","3"', '"1"', 304],
    ['"2", W/"3", "1"', '"1"', 304],
    [['"2"', '"1"'], '"1"', 304],
    [', "1" ,', '"1"', 304],
    ['*', '"1"', 304],
    ['"a,b"', '"a,b"', 304],
    ['"a b"', '"a b"', 304],
    ['""', '""', 304],
    ['"*"', '"*"', 304],
    ['"\u00fc"', '"\u00fc"', 304],
    ['"2"', '"1"', 200],
    ['"a,b"', '"a"', 200],
    ['"a,b"', '"b"', 200],
    ['"*"', '"1"', 200],
    ['"A"', '"a"', 200],
    ['""', '"1"', 200],
    ['1', '"1"', 200],
    ['"1"', '1', 200],
  ])('compares %s with %s and answers %i', async (noneMatch, etag, status) => {
    expect((await ask({ etag }, { 'if-none-match': noneMatch })).status).toBe(status);
  });

  it('takes precedence over If-Modified-Since (section 13.1.3)', async () => {
    const stored = { etag: '"1"', 'last-modified': MODIFIED };
    const conditions = (tag: string, since: string) => ({ 'if-none-match': tag, 'if-modified-since': since });
    expect((await ask(stored, conditions('"1"', EARLIER))).status).toBe(304);
    expect((await ask(stored, conditions('"2"', LATER))).status).toBe(200);
  });
});

describe('RFC 9110 section 13.1.3: If-Modified-Since', () => {
  it.each([
    ['the same', MODIFIED, 304],
    ['later', LATER, 304],
    ['earlier', EARLIER, 200],
    ['in the form of RFC 850', 'Sunday, 01-Nov-20 12:00:00 GMT', 304],
    ['in the form of asctime', 'Sun Nov  1 12:00:00 2020', 304],
    ['no date', 'yesterday', 200],
    ['a number', '0', 200],
  ])('gets its answer by a date that is %s: %s', async (_, since, status) => {
    expect((await ask({ 'last-modified': MODIFIED }, { 'if-modified-since': since })).status).toBe(status);
  });

  it('is compared with Date without a Last-Modified (RFC 9111 section 4.3.2)', async () => {
    const date = new Date().toUTCString();
    expect((await ask({ date }, { 'if-modified-since': date })).status).toBe(304);
    expect((await ask({ date }, { 'if-modified-since': MODIFIED })).status).toBe(200);
  });
});

describe('RFC 9110 section 13.2.1: conditions apply to successes', () => {
  it.each([301, 404, 500])('and are ignored for a stored %i', async (status) => {
    expect((await ask({ etag: '"1"' }, { 'if-none-match': '"1"' }, status)).status).toBe(status);
  });
});

describe('RFC 9110 section 15.4.5: a 304', () => {
  it('has the required fields and no body', async () => {
    const needed = {
      etag: '"1"',
      'content-location': '/1',
      vary: 'x-a',
      expires: LATER,
      'last-modified': MODIFIED,
    };
    const { status, body, headers } = await ask(
      { ...needed, 'content-type': 'text/plain' },
      { 'if-none-match': '"1"' },
    );
    expect({ status, body }).toEqual({ status: 304, body: '' });
    expect(headers).toMatchObject({ ...needed, ...CONTROL, age: '0', date: expect.any(String) });
    expect(headers['content-type']).toBeUndefined();
  });
});

describe('RFC 9110 section 14: ranges', () => {
  it.each<[string, number, string, string | undefined]>([
    ['bytes=0-1', 206, '01', 'bytes 0-1/10'],
    ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
    ['bytes=9-9', 206, '9', 'bytes 9-9/10'],
    ['bytes=5-20', 206, '56789', 'bytes 5-9/10'],
    ['bytes=1-', 206, '123456789', 'bytes 1-9/10'],
    ['bytes=-1', 206, '9', 'bytes 9-9/10'],
    ['bytes=-20', 206, '0123456789', 'bytes 0-9/10'],
    ['Bytes=0-1', 206, '01', 'bytes 0-1/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=-0', 416, '', 'bytes */10'],
    ...[
      'bytes=3-1',
      'bytes=a-b',
      'bytes=-',
      'bytes=',
      'bytes',
      'lines=0-1',
      'bytes=0-1,3-4',
      'bytes=1-2-3',
    ].map((range): [string, number, string, undefined] => [range, 200, '0123456789', undefined]),
  ])('14.1.2 answers %s with %i', async (range, status, body, contentRange) => {
    const answer = await ask({ etag: '"1"' }, { range });
    expect(answer).toMatchObject({ status, body });
    expect(answer.headers['content-range']).toBe(contentRange);
    expect(answer.headers['content-length']).toBe(String(body.length));
  });

  it('14.2 apply to GET only', async () => {
    const { get } = gateway.resource([{ headers: CONTROL, body: '0123456789' }]);
    await get();
    expect(await get({ range: 'bytes=0-1' }, 'HEAD')).toMatchObject({
      status: 200,
      headers: { 'content-length': '10' },
    });
  });

  it('14.2 apply to successes only', async () => {
    expect((await ask({}, { range: 'bytes=0-1' }, 404)).status).toBe(404);
  });

  it('13.2.2 are evaluated after conditions', async () => {
    expect((await ask({ etag: '"1"' }, { range: 'bytes=0-1', 'if-none-match': '"1"' })).status).toBe(304);
  });

  it.each([
    ['the tag', '"1"', 206],
    ['another tag', '"2"', 200],
    ['the tag, weak', 'W/"1"', 200],
    ['the date', MODIFIED, 206],
    ['a later date', LATER, 200],
    ['an earlier date', EARLIER, 200],
    ['neither', 'x', 200],
  ])('13.1.5 evaluates If-Range with %s: %s', async (_, ifRange, status) => {
    const stored = { etag: '"1"', 'last-modified': MODIFIED };
    expect((await ask(stored, { range: 'bytes=0-1', 'if-range': ifRange })).status).toBe(status);
  });

  it('13.1.5 If-Range does not match weak validators', async () => {
    expect((await ask({ etag: 'W/"1"' }, { range: 'bytes=0-1', 'if-range': 'W/"1"' })).status).toBe(200);
    const date = new Date().toUTCString();
    const weak = { date, 'last-modified': date };
    expect((await ask(weak, { range: 'bytes=0-1', 'if-range': date })).status).toBe(200);
  });

  it('13.1.5 If-Range is ignored without a range', async () => {
    expect((await ask({ etag: '"1"' }, { 'if-range': '"2"' })).status).toBe(200);
  });
});
