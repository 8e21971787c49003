import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { OUTCOMES } from '../../src/common/errors/outcomes.js';

const text = readFileSync(new URL('../../docs/resilience.md', import.meta.url), 'utf8');

it('docs/resilience.md lists the stage, the cause and the breaker vote of each outcome', () => {
  const rows = [...text.matchAll(/^\| `(\w+)` +\| ([\w-]+) +\| (\w+) +\|.*\| (\w+) +\|$/gm)].map(
    ([, outcome, stage, guilty, vote]) => [outcome, { stage, guilty, vote }],
  );
  const table = Object.entries(OUTCOMES).map(([outcome, { stage, guilty, vote }]) => [
    outcome,
    { stage, guilty, vote },
  ]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(table));
});
