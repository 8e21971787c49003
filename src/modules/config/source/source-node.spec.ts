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

  it('shows a substituted scalar as it was written', () => {
    expect(describeFound(scalar('hunter2', { substitutedFrom: '${PASSWORD}' }))).toBe('"${PASSWORD}"');
  });

  it('does not show secrets, keys and passwords in URLs', () => {
    expect(describeFound(scalar('hunter2', { path: ['auth', 'main', 'secret'] }))).not.toContain('hunter2');
    expect(describeFound(scalar(4711, { path: ['auth', 'main', 'secret'] }))).not.toContain('4711');
    expect(describeFound(scalar('-----BEGIN PRIVATE KEY-----\nabc'))).toBe('PEM text');
    expect(describeFound(scalar('redis://me:hunter2@host'))).toBe('"redis://***@host"');
  });

  it('truncates long text', () => {
    expect(describeFound(scalar('x'.repeat(1_000)))).toBe(`"${'x'.repeat(60)}…"`);
  });
});
