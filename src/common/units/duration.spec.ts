import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.js';

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
