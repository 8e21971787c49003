import { describe, expect, it } from 'vitest';
import { readFraming } from './response-head.js';

describe('readFraming', () => {
  it('reads a length, chunks, or neither', () => {
    expect(readFraming({ 'content-length': '12' })).toBe(12);
    expect(readFraming({ 'content-length': '0' })).toBe(0);
    expect(readFraming({ 'transfer-encoding': 'Chunked' })).toBeUndefined();
    expect(readFraming({})).toBeUndefined();
  });

  it.each([
    [{ 'transfer-encoding': ',chunked' }],
    [{ 'transfer-encoding': 'chunked\t' }],
    [{ 'transfer-encoding': 'gzip, chunked' }],
    [{ 'transfer-encoding': ['chunked', 'chunked'] }],
    [{ 'transfer-encoding': 'chunked', 'content-length': '5' }],
    [{ 'content-length': ['5', '5'] }],
    [{ 'content-length': '5, 5' }],
    [{ 'content-length': '+5' }],
    [{ 'content-length': '' }],
  ])('refuses %j', (headers) => {
    expect(() => readFraming(headers)).toThrow(expect.objectContaining({ outcome: 'malformed_response' }));
  });
});
