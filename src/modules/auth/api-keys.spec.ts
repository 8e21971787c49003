import { describe, expect, it } from 'vitest';
import { ApiKeyProvider, hashApiKey, parameterOf, withoutParameters } from './api-keys.js';

describe('API keys', () => {
  it('are found by their hash, each with its own identity', () => {
    const apiKeys = ['acme', 'shop'].map((id) => ({
      id,
      hash: hashApiKey(`key of ${id}`),
      scopes: [`of:${id}`],
    }));
    const provider = new ApiKeyProvider('partners', { apiKeys, header: 'x-api-key' });
    expect(provider.find('key of acme')).toMatchObject({
      provider: 'partners',
      subject: 'acme',
      scopes: ['of:acme'],
      upstreamHeaders: ['X-User-Id', 'acme', 'X-User-Scopes', 'of:acme'],
    });
    expect(provider.find('key of shop')).toMatchObject({ subject: 'shop' });
    for (const other of ['', 'key of', 'key of acme ', 'KEY OF ACME', hashApiKey('key of acme')]) {
      expect(provider.find(other)).toBeUndefined();
    }
  });

  it('are compared whole', () => {
    const hash = hashApiKey('key');
    const neighbour = `${hash.slice(0, -1)}${hash.endsWith('0') ? '1' : '0'}`;
    const provider = new ApiKeyProvider('p', {
      apiKeys: [
        { id: 'neighbour', hash: neighbour, scopes: [] },
        { id: 'right', hash, scopes: [] },
      ],
      header: 'x-api-key',
    });
    expect(provider.find('key')).toMatchObject({ subject: 'right' });
  });

  it('have the plain SHA-256 that any other tool computes', () => {
    expect(hashApiKey('test')).toBe(
      'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    );
  });
});

describe('parameterOf and withoutParameters', () => {
  it.each([
    ['?key=a', 'a', ''],
    ['?x=1&key=a&y=%20+&z', 'a', '?x=1&y=%20+&z'],
    ['?k%65y=a%2Bb&x', 'a+b', '?x'],
    ['?key', '', ''],
    ['?key=a=b&x=c=d', 'a=b', '?x=c=d'],
    ['?key=a&x&key=b', 'a,b', '?x'],
    ['?key=%zz', '%zz', ''],
    ['?&key=a&', 'a', '?&'],
  ])('find and remove the parameter in %s', (query, value, rest) => {
    expect(parameterOf(query, 'key')).toBe(value);
    expect(withoutParameters(query, new Set(['key', 'other']))).toBe(rest);
  });

  it.each(['', '?', '?x=key', '?keys=a', '?Key=a', '??key=a', '?key%20=a'])(
    'do not find it in %j',
    (query) => {
      expect(parameterOf(query, 'key')).toBeUndefined();
      expect(withoutParameters(query, new Set(['key']))).toBe(query);
    },
  );

  it('decode names with spaces or non-ASCII characters', () => {
    expect(parameterOf('?a+key=1&schl%C3%BCssel=2', 'a key')).toBe('1');
    expect(parameterOf('?a+key=1&schl%C3%BCssel=2', 'schlüssel')).toBe('2');
  });
});
