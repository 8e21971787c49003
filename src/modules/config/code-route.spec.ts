import { describe, expect, it } from 'vitest';
import { type CodeRouteOptions, codeRouteProblems } from './code-route.js';

const problemsOf = (options: CodeRouteOptions) =>
  codeRouteProblems(options, ['users']).map(({ path, message }) => `${path}: ${message}`);

describe('options of a route in code', () => {
  it.each(['${X}', '$${X}', '${X:-y}', '${file:/etc/passwd}'])('take %s as it is', (value) => {
    expect(problemsOf({ auth: { claims: { a: value } } })).toEqual([]);
  });

  it('have their problems in the order in which they are written', () => {
    // Two values that the types refuse.
    const options = { timeout: 'soon', cache: { tll: '1m' }, scopes: undefined, auth: { provider: 'user' } };
    expect(problemsOf(options as CodeRouteOptions)).toEqual([
      expect.stringMatching(/^timeout: found "soon", expected /),
      expect.stringMatching(/^cache\.tll: unknown key "tll"; did you mean `ttl`/),
      expect.stringMatching(/^auth\.provider: found "user", .*did you mean `users`/),
    ]);
  });
});
