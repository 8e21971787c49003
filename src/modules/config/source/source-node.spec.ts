import { describe, expect, it } from 'vitest';
import { describeFound, type SourceNode } from './source-node.js';

function scalar(value: unknown, rest: Partial<SourceNode> = {}): SourceNode {
  return { path: ['upstreams', 'users', 'url'], at: { line: 1, column: 1 }, value, ...rest };
}

describe('describeFound', () => {
  it.each([
    ['3 parsecs', '"3 parsecs"'],
    ['two\nlines', String.raw`"two\nlines"`],
    [5, '5'],
    [true, 'true'],
    [null, 'nothing'],
  ])('shows %j as %s', (value, shown) => {
    expect(describeFound(scalar(value))).toBe(shown);
  });

  it('shows a substituted scalar with the reference', () => {
    expect(describeFound(scalar('8o80', { substitutedFrom: '${PORT:-80}' }))).toBe(
      '"8o80" from "${PORT:-80}"',
    );
    expect(describeFound(scalar('', { substitutedFrom: '${PORT}' }))).toBe('"" from "${PORT}"');
  });

  it.each([
    [{ substitutedFrom: '${DB_PASSWORD}' }, '"${DB_PASSWORD}"'],
    [{ substitutedFrom: 'http://${file:/run/x}' }, '"http://${file:/run/x}"'],
    [{ substitutedFrom: '${V}', path: ['redis', 'sentinel', 'password'] }, '"${V}"'],
    [{ substitutedFrom: '${V}', path: ['auth', 'main', 'publicKey'] }, '"${V}"'],
  ])('does not show a secret that was substituted: %j', (node, shown) => {
    expect(describeFound(scalar('hunter2', node))).toBe(shown);
  });

  it('does not show secrets, keys and passwords in URLs', () => {
    expect(describeFound(scalar('hunter2', { path: ['auth', 'main', 'secret'] }))).not.toContain('hunter2');
    expect(describeFound(scalar(4711, { path: ['auth', 'main', 'secret'] }))).not.toContain('4711');
    expect(describeFound(scalar('-----BEGIN PRIVATE KEY-----\nabc'))).toBe('PEM text');
    expect(describeFound(scalar('redis://me:hunter2@host'))).toBe('"redis://***@host"');
    expect(describeFound(scalar('redis:/me:hunter2/x@host'))).toBe('"redis:/***@host"');
    expect(describeFound(scalar('redis://me:pw@host', { substitutedFrom: '${R}' }))).not.toContain('pw');
  });

  it('truncates long text', () => {
    expect(describeFound(scalar('x'.repeat(1_000)))).toBe(`"${'x'.repeat(60)}…"`);
  });
});
