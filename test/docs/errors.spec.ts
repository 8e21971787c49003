import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PROBLEMS } from '../../src/common/errors/codes.js';

const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

it('docs/errors.md has a section for each code, in the order of the table, with its status', () => {
  const documented = [...text.matchAll(/^## (\w+)\n\nStatus (\d{3})\./gm)].map(([, code, status]) => [
    code,
    Number(status),
  ]);
  expect(documented).toEqual(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]));
});
