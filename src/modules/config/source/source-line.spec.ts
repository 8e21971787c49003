import { describe, expect, it } from 'vitest';
import { sourceLine } from './source-line.js';

describe('sourceLine', () => {
  it('shows the line and a caret under the column', () => {
    expect(sourceLine('a: 1\n  b: 2\n', { line: 2, column: 6 })).toBe('  b: 2\n     ^');
  });

  it('shows the part of a long line that has the problem', () => {
    const text = `a: [${'1, '.repeat(200)}x, ${'2, '.repeat(200)}]`;
    const [line = '', caret = ''] = sourceLine(text, { line: 1, column: text.indexOf('x') + 1 })!.split('\n');
    expect(line.length).toBeLessThanOrEqual(100);
    expect(line[caret.indexOf('^')]).toBe('x');
  });

  it('keeps tabs, and shows no other control characters', () => {
    expect(sourceLine('\ta: \u001b[31m\r\n', { line: 1, column: 5 })).toBe('\ta: ?[31m\n\t   ^');
  });

  it.each([
    'auth: { main: { secret: hunter2, algorithms: [HS256] } }',
    '{"auth": {"main": {"secret": "hunter2, x", "algorithms": 1}}}',
    "clientSecret: 'hunter2 # more",
    'password:   hunter2',
    'token: "hunter2',
    'set: { Authorization: Bearer hunter2 }',
    'X-Api-Key: hunter2',
    'key: hunter2',
    'key: ip-hunter2',
    'url: redis://me:hunter2@host',
    'url: redis:/me:hunter2@host',
    'url: "rediss://:hunter2/x@host:1"',
    'secret: ${A}hunter2',
  ])('hides the secret in %s', (text) => {
    for (let column = 1; column <= text.length + 1; column++)
      expect(sourceLine(text, { line: 1, column }) ?? '').not.toContain('hunter2');
    expect(sourceLine(text, { line: 1, column: 1 })).toContain('***');
  });

  it.each([
    ['secret:\n  hunter2', 2],
    ['secret: |\n  a\n  hunter2', 3],
    ['secret: "a\n  hunter2"', 2],
    ['a:\n  key: >-\n\n     a\n    hunter2', 5],
    [`ca: |\n  ${'a'.repeat(64)}`, 2],
  ])('shows nothing of a secret below its key: %j', (text, line) => {
    expect(sourceLine(text, { line, column: 3 })).toBeUndefined();
  });

  it.each([
    'auth: { main: { secret: "${JWT_SECRET}", algorithms: [HS257] } }',
    'secret: ${JWT_SECRET}',
    'apiKeys: [{ id: a }]',
    'keyPrefix: a b',
    'rateLimit: { key: ip, requests: 0 }',
    'key: header:x-tenant',
    'authorisation: x',
  ])('shows %s', (text) => {
    expect(sourceLine(text, { line: 1, column: 1 })).toBe(`${text}\n^`);
  });
});
