import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

const PROVIDER = `{ secret: ${'x'.repeat(32)}, algorithms: [HS256] }`;

function problems(text: string, env: Record<string, string> = {}): string[] {
  const result = parseConfig(text, { file: '/gateway.yaml', env, readFile: () => '' });
  return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
}

function withRoute(rest: string, auth = ''): string {
  return `
auth: { ${auth} }
upstreams: { users: { url: http://users }, orders: { url: http://orders } }
routes: [{ id: r, match: { path: /r }, ${rest} }]
`;
}

describe('references', () => {
  it('follows them to upstreams and providers', () => {
    const auth = `main: ${PROVIDER}`;
    expect(problems(withRoute('upstream: users, auth: { provider: main }', auth))).toEqual([]);
    expect(problems(withRoute('upstream: users, auth: {}', auth))).toEqual([]);
    expect(problems(withRoute('upstream: users, auth: none'))).toEqual([]);
  });

  it('names the ids that there are, and the one that was probably meant', () => {
    expect(problems(withRoute('upstream: user'))).toEqual([
      'routes[0].upstream: found "user", expected the id of an entry of `upstreams` (users, orders); did you mean `users`?',
    ]);
  });

  it('follows that of a mirror', () => {
    expect(problems(withRoute('upstream: users, mirror: { upstream: orders }'))).toEqual([]);
    expect(problems(withRoute('upstream: users, mirror: { upstream: order }'))).toEqual([
      expect.stringContaining('routes[0].mirror.upstream: found "order"'),
    ]);
  });

  it('does not take what objects inherit for an upstream', () => {
    expect(problems(withRoute('upstream: constructor'))).toEqual([
      expect.stringContaining('found "constructor"'),
    ]);
    expect(problems(withRoute('upstream: __proto__'))).toEqual([
      expect.stringContaining('found "__proto__"'),
    ]);
  });

  it('finds a dangling provider', () => {
    expect(problems(withRoute('upstream: users, auth: { provider: man }', `main: ${PROVIDER}`))).toEqual([
      'routes[0].auth.provider: found "man", expected the id of an entry of `auth` (main); did you mean `main`?',
    ]);
  });

  it('finds a route that requires a token nobody could verify', () => {
    expect(problems(withRoute('upstream: users, auth: { optional: true }'))).toEqual([
      expect.stringContaining('routes[0].auth: found a mapping, expected `none`, or a provider'),
    ]);
  });

  it('neither shows nor hints at the value of a variable', () => {
    expect(problems(withRoute('upstream: "${ID}"'), { ID: 'user' })).toEqual([
      'routes[0].upstream: found "${ID}", expected the id of an entry of `upstreams` (users, orders)',
    ]);
    expect(problems(withRoute('upstream: "${ID}"'))).toEqual([expect.stringContaining('ID is not set')]);
  });

  it('is reported together with what is wrong elsewhere', () => {
    const found = problems(`server: { port: http }\n${withRoute('upstream: user, timeout: soon')}`);
    expect(found.map((problem) => problem.split(':')[0])).toEqual([
      'server.port',
      'routes[0].upstream',
      'routes[0].timeout',
    ]);
  });
});
