import { expect, it } from 'vitest';
import { warningsOf } from '../../../../test/support/warnings.js';

it('warns of certificates that nobody looks at', () => {
  const warnings = (skip: boolean) =>
    warningsOf(`
upstreams: { users: { url: https://users, tls: { insecureSkipVerify: ${skip} } } }
routes: [{ id: r, match: { path: /r }, upstream: users }]`);
  expect(warnings(true)).toEqual([
    'upstreams.users.tls.insecureSkipVerify: insecureSkipVerify is true: whoever is in between can read and change everything',
  ]);
  expect(warnings(false)).toEqual([]);
});
