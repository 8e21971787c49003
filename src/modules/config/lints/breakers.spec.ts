import { expect, it } from 'vitest';
import { warningsOf } from '../../../../test/support/warnings.js';

it.each([
  ['[]', 'it is empty: only requests without an answer are failures'],
  ['[503, 200]', '200 is among them: an upstream that works would open its breaker'],
  ['[302-404]', '302 is among them: an upstream that works would open its breaker'],
  ['[404, 500-599]', undefined],
])('of failureStatuses: %s it says %s', (statuses, warning) => {
  const warnings = warningsOf(`
upstreams: { users: { url: http://users, breaker: { failureStatuses: ${statuses} } } }
routes: [{ id: r, match: { path: /r }, upstream: users }]`);
  const path = 'upstreams.users.breaker.failureStatuses';
  expect(warnings).toEqual(warning === undefined ? [] : [`${path}: ${warning}`]);
});
