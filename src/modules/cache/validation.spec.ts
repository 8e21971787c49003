import { describe, expect, it } from 'vitest';
import {
  conditionsFor,
  describes,
  ifRangeHolds,
  isNotModified,
  mergeHeaders,
  notModifiedHeaders,
  selects,
} from './validation.js';

const DATE = 'Sun, 22 Nov 2026 12:00:00 GMT';
const BEFORE = 'Sun, 22 Nov 2026 11:00:00 GMT';
const AFTER = 'Sun, 22 Nov 2026 13:00:00 GMT';
const NOW = Date.UTC(2026, 10, 22, 14);

describe('conditionsFor (RFC 9111 section 4.3.1)', () => {
  it.each([
    [{ etag: '"1"' }, ['If-None-Match', '"1"']],
    [{ 'last-modified': DATE }, ['If-Modified-Since', DATE]],
    [{ etag: 'W/"1"', 'last-modified': DATE }, ['If-None-Match', 'W/"1"', 'If-Modified-Since', DATE]],
    [{ etag: ['"1"', '"2"'] }, []],
    [{}, []],
  ])('sends what is stored: %j', (headers, expected) => {
    expect(conditionsFor(headers)).toEqual(expected);
  });
});

describe('isNotModified (RFC 9111 section 4.3.2)', () => {
  it.each([
    ['"1"', '"1"', true],
    ['"2", "1"', '"1"', true],
    ['W/"1"', '"1"', true],
    ['"1"', 'W/"1"', true],
    ['*', '"1"', true],
    ['"2"', '"1"', false],
    ['1', '"1"', false],
    ['"a,b"', '"a,b"', true],
  ])('If-None-Match %s of %s: %s', (field, etag, expected) => {
    expect(isNotModified({ 'if-none-match': field }, { etag }, NOW)).toBe(expected);
  });

  it.each([
    [DATE, true],
    [AFTER, true],
    [BEFORE, false],
    ['yesterday', false],
  ])('If-Modified-Since %s: %s', (field, expected) => {
    expect(isNotModified({ 'if-modified-since': field }, { 'last-modified': DATE }, NOW)).toBe(expected);
  });

  it('is nothing without conditions', () => {
    expect(isNotModified({}, { etag: '"1"', 'last-modified': DATE }, NOW)).toBe(false);
    expect(isNotModified({ 'if-modified-since': DATE }, {}, NOW)).toBe(false);
    expect(isNotModified({ 'if-none-match': '"1"' }, {}, NOW)).toBe(false);
    expect(isNotModified({ 'if-none-match': '"1"' }, { etag: ['"1"', '"2"'] }, NOW)).toBe(false);
  });

  it('takes Date where there is no Last-Modified', () => {
    expect(isNotModified({ 'if-modified-since': DATE }, { date: DATE }, NOW)).toBe(true);
  });

  it('ignores If-Modified-Since beside If-None-Match (RFC 9110 section 13.1.3)', () => {
    const conditions = { 'if-none-match': '"2"', 'if-modified-since': AFTER };
    expect(isNotModified(conditions, { etag: '"1"', 'last-modified': DATE }, NOW)).toBe(false);
  });
});

describe('ifRangeHolds (RFC 9110 section 13.1.5)', () => {
  const stored = { etag: '"1"', 'last-modified': BEFORE, date: DATE };
  it.each([
    [undefined, true],
    ['"1"', true],
    ['"2"', false],
    ['W/"1"', false],
    [BEFORE, true],
    [DATE, false],
  ])('answers %s with %s', (field, expected) => {
    expect(ifRangeHolds(field, stored)).toBe(expected);
  });

  it('never holds by what is weak', () => {
    expect(ifRangeHolds('W/"1"', { etag: 'W/"1"' })).toBe(false);
    expect(ifRangeHolds(DATE, { 'last-modified': DATE, date: DATE })).toBe(false);
    expect(ifRangeHolds(DATE, { 'last-modified': DATE })).toBe(false);
    const second = 'Sun, 22 Nov 2026 12:00:01 GMT';
    expect(ifRangeHolds(DATE, { 'last-modified': DATE, date: second })).toBe(true);
  });
});

describe('a 304', () => {
  it('replaces fields, but not those of the body (RFC 9111 section 3.2)', () => {
    const stored = {
      'content-type': 'a/b',
      'content-length': '5',
      'content-encoding': 'gzip',
      'content-range': 'bytes 0-1/2',
      'x-a': '1',
      'x-b': '1',
    };
    const fresh = {
      'content-type': 'c/d',
      'content-length': '0',
      'content-encoding': 'br',
      'content-range': 'bytes 1-1/2',
      'x-a': '2',
      connection: 'close',
    };
    expect(mergeHeaders(stored, { ...fresh, date: DATE }, NOW)).toEqual({
      ...stored,
      'content-type': 'c/d',
      'x-a': '2',
      date: DATE,
    });
  });

  it('brings nothing of its connection (RFC 9111 section 3.1)', () => {
    const fresh = { date: DATE, connection: 'close, X-Hop', 'x-hop': '1', 'proxy-authenticate': 'x' };
    expect(mergeHeaders({}, fresh, NOW)).toEqual({ date: DATE });
  });

  it('is dated when it came without a date (RFC 9110 section 6.6.1)', () => {
    expect(mergeHeaders({ date: BEFORE }, {}, NOW)).toEqual({ date: new Date(NOW).toUTCString() });
  });

  it('is about what it names (RFC 9111 section 4.3.4)', () => {
    expect(selects({}, { etag: '"1"' })).toBe(true);
    expect(selects({}, { 'last-modified': DATE })).toBe(true);
    expect(selects({ etag: 'W/"1"' }, { etag: '"1"' })).toBe(true);
    expect(selects({ etag: '"2"' }, { etag: '"1"' })).toBe(false);
    expect(selects({ etag: '"1"' }, {})).toBe(false);
    expect(selects({ 'last-modified': AFTER }, { 'last-modified': DATE })).toBe(false);
    expect(selects({ 'last-modified': DATE }, { 'last-modified': DATE })).toBe(true);
    expect(selects({ 'last-modified': DATE }, { etag: '"1"' })).toBe(true);
  });

  it('with a strong tag is not about what has a weak one', () => {
    expect(selects({ etag: '"1"' }, { etag: 'W/"1"' })).toBe(false);
  });

  it('tells the client no more than a 304 has to (RFC 9110 section 15.4.5)', () => {
    const needed = {
      'cache-control': 'max-age=1',
      'cdn-cache-control': 'max-age=2',
      'content-location': '/1',
      date: DATE,
      etag: '"1"',
      expires: AFTER,
      'last-modified': BEFORE,
      'set-cookie': 'a=1',
      vary: 'a',
    };
    expect(notModifiedHeaders({ ...needed, 'content-type': 'a/b', 'x-a': '1' })).toEqual(needed);
  });
});

describe('the answer to a HEAD (RFC 9111 section 4.3.5)', () => {
  const stored = { etag: '"1"', 'last-modified': DATE };
  it.each([
    [{}, true],
    [{ etag: '"1"', 'last-modified': DATE, 'content-length': '5' }, true],
    [{ etag: '"2"' }, false],
    [{ etag: 'W/"1"' }, false],
    [{ 'last-modified': AFTER }, false],
    [{ 'content-length': '6' }, false],
  ])('with %j describes what is stored: %s', (head, expected) => {
    expect(describes(head, stored, 5)).toBe(expected);
  });
});
