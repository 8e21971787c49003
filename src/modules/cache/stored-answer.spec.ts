import { describe, expect, it } from 'vitest';
import { byteRange } from './stored-answer.js';

describe('byteRange (RFC 9110 section 14.1.2)', () => {
  it.each([
    ['bytes=0-1', { first: 0, last: 1 }],
    ['bytes=3-', { first: 3, last: 9 }],
    ['bytes=3-99', { first: 3, last: 9 }],
    ['bytes=-3', { first: 7, last: 9 }],
    ['bytes=-99', { first: 0, last: 9 }],
    ['Bytes=0-0', { first: 0, last: 0 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=3-2', undefined],
    ['bytes=0-1,3-4', undefined],
    ['lines=0-1', undefined],
    ['bytes=', undefined],
    ['bytes=-', undefined],
  ])('reads %s', (field, expected) => {
    expect(byteRange(field, 10)).toEqual(expected);
  });
});
