import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration, parseRatio, parseSize } from './units.js';

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['3s', 3_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['0s', 0],
    ['0', 0],
  ])('reads %s as %i ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', '3', '3 s', ' 3s', '3S', '3sec', '3 parsecs', '-3s', '1.5s', '1e3ms', '1h30m', 's', '3s\n'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it('refuses a count too large to be exact', () => {
    expect(parseDuration('9007199254740993ms')).toBeUndefined();
    expect(parseDuration('9007199254740991h')).toBeUndefined();
  });
});

describe('formatDuration', () => {
  it.each([
    [250, '250ms'],
    [1_500, '1500ms'],
    [90_000, '90s'],
    [300_000, '5m'],
    [7_200_000, '2h'],
    [0, '0ms'],
  ])('writes %i ms as %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});

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

describe('parseRatio', () => {
  it.each([
    ['50%', 0.5],
    ['100%', 1],
    ['0.5%', 0.005],
    ['0%', 0],
  ])('reads %s as %d', (text, ratio) => {
    expect(parseRatio(text)).toBe(ratio);
  });

  it.each(['', '50', '0.5', '50 %', '-1%', '101%', '100.1%', '%', '5e1%'])('refuses %j', (text) => {
    expect(parseRatio(text)).toBeUndefined();
  });
});
