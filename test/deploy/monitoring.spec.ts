import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { alerts, panelExpressions } from './monitoring.js';

// test/docs/reference.spec.ts keeps this list equal to what the gateway serves.
const documented = new Set(readFileSync('docs/metrics.md', 'utf8').match(/breakwater_\w+/g));

it.each([...alerts, ...panelExpressions])('$place reads metrics that exist', ({ expr }) => {
  const read = (expr.match(/breakwater_\w+/g) ?? []).map((name) => name.replace(/_bucket$/, ''));
  expect(read.filter((name) => !documented.has(name))).toEqual([]);
});
