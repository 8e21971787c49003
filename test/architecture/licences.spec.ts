import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** They let anybody use and pass on the gateway under the MIT licence. */
const ALLOWED = new Set(
  'MIT MIT-0 ISC BSD-2-Clause BSD-3-Clause Apache-2.0 0BSD BlueOak-1.0.0 CC0-1.0 Python-2.0 Unlicense Zlib'.split(
    ' ',
  ),
);

interface Package {
  readonly dev?: boolean;
  readonly license?: string;
  /** The form of before 2014. */
  readonly licenses?: readonly { readonly type: string }[];
}

const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as unknown;
const { packages } = readJson('package-lock.json') as { packages: Record<string, Package> };

function licenceOf(path: string, locked: Package): string {
  if (locked.license !== undefined) return locked.license;
  const file = `${path}/package.json`;
  const { license, licenses = [] } = existsSync(file) ? (readJson(file) as Package) : {};
  return license ?? licenses.map(({ type }) => type).join(' OR ');
}

/** @param expression SPDX without nesting: `MIT`, `(MIT OR Apache-2.0)`, `MIT AND ISC` */
function isAllowed(expression: string): boolean {
  const choices = expression.replace(/^\((.*)\)$/, '$1').split(' OR ');
  return choices.some((choice) => choice.split(' AND ').every((each) => ALLOWED.has(each)));
}

it('ships only packages whose licence is permissive', () => {
  const shipped = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
  expect(shipped.length).toBeGreaterThan(50);
  const others = shipped.map(([path, locked]) => `${path}: ${licenceOf(path, locked)}`);
  expect(others.filter((line) => !isAllowed(line.split(': ')[1] ?? ''))).toEqual([]);
});

it.each([
  ['MIT', true],
  ['(MIT OR GPL-3.0)', true],
  ['MIT AND GPL-3.0', false],
  ['GPL-3.0', false],
  ['', false],
])('reads the licence %j', (expression, allowed) => {
  expect(isAllowed(expression)).toBe(allowed);
});
