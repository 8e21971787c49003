import { expect, it } from 'vitest';
import { originMatcher } from './web-origins.js';

const ALLOWED = [
  'https://app.example.com',
  'https://*.example.org',
  'http://*.test:8080',
  'capacitor://localhost',
];

it.each([
  'https://app.example.com',
  'https://a.example.org',
  'https://a.b-c.example.org',
  'http://a.test:8080',
  'capacitor://localhost',
])('matches %s', (origin) => {
  expect(originMatcher(ALLOWED)(origin)).toBe(true);
});

it.each([
  'https://b.example.com',
  'https://example.org',
  'https://.example.org',
  'http://a.example.org',
  'https://a.example.org:8443',
  'https://evil.test/.example.org',
  'https://evil.test?.example.org',
  'https://evil.test#.example.org',
  'https://user@a.example.org',
  'https://aexample.org',
  'http://a.test',
  'https://*.example.org.evil.test',
  'null',
  '',
])('does not match %s', (origin) => {
  expect(originMatcher(ALLOWED)(origin)).toBe(false);
});

it('matches everything with *', () => {
  expect(originMatcher(['*'])('null')).toBe(true);
});
