import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

/** Warnings of this lint as `path: message`. */
function warnings(text: string, env: Record<string, string> = {}): string[] {
  const parsed = parseConfig(text, { file: '/gateway.yaml', env, readFile: () => '' });
  if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.problems));
  return parsed.warnings
    .filter(({ id }) => id === 'public-in-other-case')
    .map(({ path, message }) => `${path}: ${message}`);
}

const config = (...routes: string[]) => `
auth: { main: { secret: ${'x'.repeat(32)}, algorithms: [HS256] } }
upstreams: { app: { url: http://app }, web: { url: http://web } }
routes: [${routes.map((route, i) => `{ id: r${i}, upstream: app, ${route} }`).join()}]`;

const ADMIN = 'match: { path: /admin/** }';
const REST = 'match: { path: /** }, auth: none';

describe('a path that is protected in one case of letters only', () => {
  it('is warned of when a public route sends the other case to the same upstream', () => {
    expect(warnings(config(ADMIN, REST))).toMatchInlineSnapshot(`
      [
        "routes[0].match.path: the public route \`r1\` takes /Admin/** and forwards it to the same upstream, which serves /admin/** without a credential if it ignores the case of letters, as Express does by default",
      ]
    `);
  });

  it.each([
    ['a path without `**`', ['match: { path: /admin }', REST]],
    ['a public path with a parameter', ['match: { path: /admin }', 'match: { path: "/{page}" }, auth: none']],
    ['a longer common prefix', ['match: { path: /api/v1/keys }', 'match: { path: /api/** }, auth: none']],
    ['a parameter before it', ['match: { path: "/{tenant}/admin" }', REST]],
    [
      'another route on the way that takes other methods',
      [ADMIN, 'match: { path: "/{x}/**", methods: [PUT] }', REST],
    ],
    ['a public route for some of its methods', [ADMIN, 'match: { path: /**, methods: [GET] }, auth: none']],
  ])('is warned of with %s', (_, routes) => {
    expect(warnings(config(...routes))).toHaveLength(1);
  });

  it.each([
    ['the public route has another upstream', [ADMIN, `${REST}, split: [{ upstream: web }]`]],
    ['the public route is narrow', [ADMIN, 'match: { path: /public/** }, auth: none']],
    [
      'the public route has other methods',
      ['match: { path: /admin, methods: [PUT] }', 'match: { path: /**, methods: [GET] }, auth: none'],
    ],
    [
      'the public route has another host',
      [ADMIN, 'match: { path: /**, hosts: [www.example.com] }, auth: none'],
    ],
    ['the public route changes the path', [ADMIN, `${REST}, rewrite: { path: "/pages/{rest}" }`]],
    ['a protected route takes the other case', [ADMIN, 'match: { path: "/{x}/**" }', REST]],
    ['everything is protected', [ADMIN, 'match: { path: /** }']],
    ['it needs no credential itself', [`${ADMIN}, auth: { optional: true }`, REST]],
    [
      'the public route is the more specific one',
      ['match: { path: /** }', 'match: { path: /login }, auth: none'],
    ],
    ['it has no letter', ['match: { path: /1/** }', REST]],
  ])('is not warned of when %s', (_, routes) => {
    const text = config(...routes).replace(
      'upstream: app, match: { path: /** }, auth: none, split',
      'match: { path: /** }, auth: none, split',
    );
    expect(warnings(text)).toEqual([]);
  });

  it('is not warned of in the demo', () => {
    const text = readFileSync(new URL('../../../../test/demo/gateway.yaml', import.meta.url), 'utf8');
    const env = { JWT_SECRET: 'x'.repeat(32), USERS_URL: 'http://users', ORDERS_URL: 'http://orders' };
    expect(warnings(text, env)).toEqual([]);
  });
});
