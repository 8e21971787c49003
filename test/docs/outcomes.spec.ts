import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { OUTCOMES } from '../../src/common/errors/outcomes.js';

const text = readFileSync(new URL('../../docs/resilience.md', import.meta.url), 'utf8');
const HEARD = { success: 'success', failure: 'failure', neutral: 'neutral', none: 'nothing' };

it('docs/resilience.md says of each outcome when it is decided, who is guilty, and what the breaker hears', () => {
  const rows = [...text.matchAll(/^\| `(\w+)` +\| ([\w-]+) +\| (\w+) +\|.*\| (\w+) +\|$/gm)].map(
    ([, outcome, stage, guilty, heard]) => [outcome, { stage, guilty, heard }],
  );
  const table = Object.entries(OUTCOMES).map(([outcome, { stage, guilty, vote }]) => [
    outcome,
    { stage, guilty, heard: HEARD[vote] },
  ]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(table));
});
