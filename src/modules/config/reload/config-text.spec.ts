import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isSameConfig } from '../same-config.js';
import { parseConfig } from '../parse-config.js';
import { readConfig, writeConfig } from './config-text.js';

const atOnce = () => undefined;

function parse(text: string) {
  const env = { JWT_SECRET: 'x'.repeat(32), USERS_URL: 'http://users', ORDERS_URL: 'http://orders' };
  const result = parseConfig(text, { file: 'gateway.yaml', env, readFile: () => '' });
  if (!result.ok) throw new TypeError('bad configuration');
  return result.config;
}

const DEMO = readFileSync(new URL('../../../../test/demo/gateway.yaml', import.meta.url), 'utf8');

const YAML = `
upstreams: { a: { url: http://a }, b: { url: http://b } }
routes: [{ id: a, match: { path: /a }, upstream: a }, { id: b, match: { path: /b }, upstream: b }]
`;

/** Reads a configuration as the next one after another. */
async function next(before: string, after: string) {
  const written = await writeConfig(parse(before), atOnce);
  const { text } = await writeConfig(parse(after), atOnce);
  return { before: written.config, after: await readConfig(text, written, atOnce) };
}

describe('the text of a configuration', () => {
  it('is read as what was written, and frozen', async () => {
    const { after } = await next(YAML, DEMO);
    expect(isSameConfig(after, parse(DEMO))).toBe(true);
    expect(Object.isFrozen(after.routes[0]?.match)).toBe(true);
    expect(Object.isFrozen(after.upstreams)).toBe(true);
  });

  it('is read as the same objects where it is the same', async () => {
    const { before, after } = await next(YAML, YAML.replace('url: http://b', 'url: http://c'));
    expect(after.upstreams['a']).toBe(before.upstreams['a']);
    expect(after.upstreams['b']?.targets[0]?.url).toBe('http://c');
    expect(after.routes).toBe(before.routes);
    expect(after.server).toBe(before.server);
  });

  it('is read as the same upstreams in another order', async () => {
    const yaml = (ids: string) =>
      `{ upstreams: { ${ids} }, routes: [{ id: a, match: { path: /a }, upstream: a }] }`;
    const a = 'a: { url: http://a }';
    const b = 'b: { url: http://b }';
    const { before, after } = await next(yaml(`${a}, ${b}`), yaml(`${b}, ${a}`));
    expect(after.upstreams).toBe(before.upstreams);
    expect((await next(yaml(`${a}, ${b}`), yaml(a))).after.upstreams).not.toHaveProperty('b');
    expect((await next(yaml(a), yaml(`${b}, ${a}`))).after.upstreams).toHaveProperty('b');
  });

  it('is read with the routes in their own order, which decides between them', async () => {
    const [upstreams, routes] = [
      '{ a: { url: http://a } }',
      (ids: string[]) => ids.map((id) => `{ id: ${id}, match: { path: /${id} }, upstream: a }`),
    ];
    const yaml = (...ids: string[]) => `{ upstreams: ${upstreams}, routes: [${routes(ids).join()}] }`;
    const { before, after } = await next(yaml('x', 'y'), yaml('y', 'x'));
    expect(after.routes.map(({ id }) => id)).toEqual(['y', 'x']);
    expect(after.routes[1]).toBe(before.routes[0]);
  });
});
