import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

/** @returns the tests that a row names; a bare file name is in the folder of the one before */
function testsOf(row: string): string[] {
  let folder = '';
  return [...row.matchAll(/`([^`\s]+\.(?:spec\.ts|txt)|test\/[a-z/]+)`/g)].map(([, path = '']) => {
    if (!path.includes('/')) return join(folder, path);
    folder = dirname(path);
    return path;
  });
}

const [, table = ''] = readFileSync('docs/security.md', 'utf8').split('## What is defended');
const threats = table
  .split('\n')
  // Without the heads of the tables and the lines below them.
  .filter((line) => line.startsWith('| ') && !/\| (?:tests|-+) +\|$/.test(line))
  .map((row) => ({ threat: row.split('|')[1]?.trim(), tests: testsOf(row) }));

it('finds the threats of docs/security.md', () => {
  expect(threats.length).toBeGreaterThan(15);
});

it.each(threats)('finds the tests of docs/security.md for: $threat', ({ tests }) => {
  expect(tests).not.toEqual([]);
  expect(tests.filter((path) => !existsSync(path))).toEqual([]);
});
