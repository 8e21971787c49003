import { expect, it } from 'vitest';
import { contentTypeMatcher } from './content-type.js';

const matches = contentTypeMatcher(['application/json', 'image/*']);

it.each([
  'application/json',
  'Application/JSON; charset=utf-8',
  'application/json ;charset="a,b\\"c"',
  'application/json;',
  'image/png',
  'image/svg+xml; q=1',
])('contentTypeMatcher finds %s', (field) => {
  expect(matches(field)).toBe(true);
});

it.each([
  '',
  'json',
  'application',
  'application/',
  '/json',
  'application/jsonp',
  'application/problem+json',
  'text/plain',
  'imagex/png',
  'application/json, text/xml',
  'application/json; a=b, text/xml',
  'text/xml; application/json',
  ' application/json',
  'application/json; a="b',
  'application/json\n',
])('contentTypeMatcher does not find %j', (field) => {
  expect(matches(field)).toBe(false);
});

it('contentTypeMatcher gives up in linear time', () => {
  expect(matches(`application/json;${'"a"\\\\'.repeat(4_000)}"`)).toBe(false);
});
