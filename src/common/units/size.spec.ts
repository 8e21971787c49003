import { describe, expect, it } from 'vitest';
import { formatSize, parseSize } from './size.js';

describe('parseSize', () => {
  it.each([
    ['512B', 512],
    ['16KiB', 16_384],
    ['10MiB', 10_485_760],
    ['2GiB', 2_147_483_648],
    ['0B', 0],
    ['0', 0],
  ])('reads %s as %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', '16', '16KB', '16kib', '16 KiB', '16K', '-1B', '1.5MiB', 'KiB', '16KiB\n'])(
    'refuses %j',
    (text) => {
      expect(parseSize(text)).toBeUndefined();
    },
  );

  it('refuses a count too large to be exact', () => {
    expect(parseSize('9007199254740991KiB')).toBeUndefined();
  });
});

describe('formatSize', () => {
  it.each([
    [512, '512B'],
    [1_500, '1500B'],
    [16_384, '16KiB'],
    [67_108_864, '64MiB'],
    [0, '0B'],
  ])('writes %i bytes as %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });
});
