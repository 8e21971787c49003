import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { OUTCOMES } from '../../src/common/errors/outcomes.js';

const text = readFileSync(new URL('../../docs/resilience.md', import.meta.url), 'utf8');
const HEARD = { success: 'success', failure: 'failure', neutral: 'neutral', none: 'nothing' };

it('docs/resilience.md says of each outcome what the breaker hears', () => {
  const rows = [...text.matchAll(/^\| `(\w+)` +\|.*\| (\w+) +\|$/gm)].map(([, outcome, heard]) => [
    outcome,
    heard,
  ]);
  expect(Object.fromEntries(rows)).toEqual(
    Object.fromEntries(Object.entries(OUTCOMES).map(([outcome, { vote }]) => [outcome, HEARD[vote]])),
  );
});
