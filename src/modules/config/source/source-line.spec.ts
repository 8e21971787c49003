import { describe, expect, it } from 'vitest';
import { sourceLinesOf } from './source-line.js';

function shownLines(text: string): string {
  const sourceLine = sourceLinesOf(text);
  const lines = text
    .split('\n')
    .flatMap((written, i) =>
      Array.from({ length: written.length + 2 }, (_, column) =>
        sourceLine({ line: i + 1, column: column + 1 }),
      ),
    );
  return lines.join('\n');
}

describe('sourceLinesOf', () => {
  it('shows the line and a caret under the column', () => {
    expect(sourceLinesOf('a:\n  b: 2\n')({ line: 2, column: 6 })).toBe('  b: 2\n     ^');
  });

  it('shows the part of a long line that has the problem', () => {
    const text = `a: [${'1, '.repeat(200)}x, ${'2, '.repeat(200)}]`;
    const shown = sourceLinesOf(text)({ line: 1, column: text.indexOf('x') + 1 });
    const [line = '', caret = ''] = shown!.split('\n');
    expect(line.length).toBeLessThanOrEqual(100);
    expect(line[caret.indexOf('^')]).toBe('x');
  });

  it('keeps tabs, and shows no other control characters', () => {
    expect(sourceLinesOf('a:\tb\u009b31m\r\n')({ line: 1, column: 4 })).toBe('a:\tb?31m\n  \t^');
  });

  const names =
    'secret password token key api_key signingKey private_key privateKey accessKey credentials passphrase auth bearer pwd';
  it.each(names.split(' '))('hides the value of %s in the options of a plugin', (name) => {
    const text = `plugins: { p: { use: ./x.js, options: { ${name}: hunter2 }, nope: 1 } }`;
    expect(shownLines(text)).toContain('***');
    expect(shownLines(text)).toContain('nope: 1');
    expect(shownLines(text)).not.toContain('hunter2');
  });

  it.each([
    'auth: { main: { secret: hunter2, algorithms: [HS256] } }',
    'auth: { main: { algorithms: [HS256], secret:\n  hunter2 } }',
    String.raw`auth: { main: { "sec\u0072et": hunter2 } }`,
    'auth: { main: { secret: {hunter2}, a: 1 } }',
    'auth: { main: { secret: [hunter2], a: 1 } }',
    'auth: { main: { secret: 4711hunter2 } } # hunter2',
    'auth: { main: { secret: &a hunter2, key: *a } }',
    '{"auth": {"main": {"secret": "hunter2, x", "algorithms": 1}}}',
    "clientSecret: 'a hunter2 # more'",
    'set: { Authorization: Bearer hunter2 }',
    'X-Api-Key: hunter2',
    'key: ip-hunter2',
    'secret: ${A}hunter2',
    'secret: ${A:-hunter2}',
    'secret:\n  hunter2',
    'auth: { main: { secrte: hunter2 } }',
    'passwrd: hunter2',
    'introspection: { clientSecrt: hunter2 }',
    'secret:\n- hunter2',
    'secret: |\n  a\n  hunter2',
    'secret: "a\n  hunter2"',
    'a:\n  key: >-\n\n     a\n    hunter2',
    'url: redis://me:hunter2@host',
    'url: redis:/me:hunter2@host',
    'url: redis://me:a,hunter2@host',
    'url: "rediss://:hunter2/x@host:1"',
    'url: http://host/?x=hunter2',
    `ca: |\n  hunter2${'a'.repeat(64)}`,
  ])('hides the secret in %j', (text) => {
    expect(shownLines(text)).not.toContain('hunter2');
  });

  it.each([
    'secret: hunter2: x',
    'secret: "hunter2',
    'secret: |\nhunter2',
    'a: *b\nb: &b hunter2\nsecret: *b',
  ])('shows nothing of %j, where positions do not tell what is secret', (text) => {
    expect(shownLines(text)).toMatch(/^\s*$/);
  });

  it.each([
    'auth: { main: { secret: "${JWT_SECRET}", algorithms: [HS257] } }',
    'secret: ${JWT_SECRET}',
    'apiKeys: [{ id: a }]',
    'keyPrefix: a b',
    'rateLimit: { key: ip, requests: 0 }',
    'credentials: true',
    'routes: [{ auth: none }]',
  ])('shows %s', (text) => {
    expect(sourceLinesOf(text)({ line: 1, column: 1 })).toBe(`${text}\n^`);
  });
});
