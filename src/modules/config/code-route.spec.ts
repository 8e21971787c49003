import { describe, expect, it } from 'vitest';
import { type CodeRouteOptions, codeRouteProblems } from './code-route.js';

const CONTEXT = {
  providers: ['users'],
  plugins: new Map([
    ['stamp', true],
    ['pick', false],
  ]),
  pattern: '/orders/{id}',
};

const problemsOf = (options: CodeRouteOptions) =>
  codeRouteProblems(options, CONTEXT).map(({ path, message }) => `${path}: ${message}`);

describe('options of a route in code', () => {
  it.each(['${X}', '$${X}', '${X:-y}', '${file:/etc/passwd}'])('take %s as it is', (value) => {
    expect(problemsOf({ auth: { claims: { a: value } } })).toEqual([]);
  });

  it.each([
    [
      { rewrite: { stripPrefix: '/a' } },
      '`rewrite` has no meaning for a handler of code: it answers by itself',
    ],
    [{ upstream: 'users' }, '`upstream` has no meaning for a handler of code: it answers by itself'],
    [{ websocket: true }, '`websocket` has no meaning for a handler of code: it answers by itself'],
    [{ match: { path: '/a' } }, '`match` has no meaning for a handler of code: its own decorators say'],
    [{ rewritten: {} }, 'unknown key "rewritten"; known here: access, maintenance,'],
    [
      { plugins: ['stamb'] },
      'found "stamb", expected the id of an entry of `plugins` (stamp, pick); did you mean `stamp`?',
    ],
    [{ plugins: ['pick'] }, 'found "pick", expected a plugin that offers hooks'],
    [{ headers: { response: { set: { 'x-a': '{order}' } } } }, 'parameters of "/orders/{id}" only ({id})'],
    [{ headers: { request: { set: { host: 'a' } } } }, 'host'],
  ])('are refused: %j', (options, message) => {
    const problems = problemsOf(options as CodeRouteOptions);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
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
