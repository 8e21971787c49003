import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { snippets } from '../../../../test/docs/snippets.js';
import { gatewayJsonSchema } from './json-schema.js';

interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** Every key with its schema, such as `upstreams.*.url`. */
function keysOf(
  { properties = {}, additionalProperties, items, anyOf = [] }: Schema,
  place = '',
): [string, Schema][] {
  return [
    ...Object.entries(properties).flatMap(([key, child]): [string, Schema][] => {
      const path = place === '' ? key : `${place}.${key}`;
      return [[path, child], ...keysOf(child, path)];
    }),
    ...(additionalProperties ? keysOf(additionalProperties, `${place}.*`) : []),
    ...(items ? keysOf(items, `${place}.*`) : []),
    ...anyOf.flatMap((branch) => keysOf(branch, place)),
  ];
}

const schema = gatewayJsonSchema();
const keys = new Map(keysOf(schema));
const editor = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);

/** Whether an editor accepts the text. */
function accepts(text: string): boolean {
  return editor.safeParse(parse(text)).success;
}

const upstream = (rest: string) => `upstreams: { u: { url: http://u, ${rest} } }`;
const route = (rest: string) => `routes: [{ id: r, match: { path: /r }, upstream: u, ${rest} }]`;

describe('gatewayJsonSchema', () => {
  it('describes every key in a sentence', () => {
    const undescribed = [...keys].filter(([, { description = '' }]) => !/^[A-Z`].{15,}\.$/.test(description));
    expect(undescribed).toEqual([]);
  });

  it('admits a substitution once in each pattern', () => {
    expect(JSON.stringify(schema)).not.toContain(String.raw`\\$\\{|\\$\\{`);
  });

  it('prints the default of a key at the end of its description', () => {
    const ending = (key: string) => keys.get(key)?.description?.split('. ').at(-1);
    expect(ending('upstreams.*.timeout')).toBe('Default: 3s.');
    expect(ending('upstreams.*.breaker.failureStatuses')).toBe('Default: 500, 502, 503, 504.');
    expect(ending('server.trustProxy')).toBe('Default: none.');
    expect(ending('management.token')).toBe('Default: none.');
    expect(ending('routes.*.match.headers')).toBe('Default: none.');
    expect(ending('server.cors.credentials')).toBe('Default: false.');
    expect(keys.get('server.cors')?.description).not.toContain('Default');
    expect(keys.get('upstreams.*.health')?.description).not.toContain('Default');
  });

  it.each(snippets('yaml'))('accepts the configuration at $place', ({ text }) => {
    expect(editor.safeParse(parse(text)).error?.issues).toBeUndefined();
  });

  it.each([
    upstream('timeout: "${TIMEOUT:-3s}"'),
    'server: { port: "${PORT}" }',
    route('cache: { per: "${PER}" }'),
    upstream('bulkhead: { queue: 0 }, retry: { maxBodyBytes: 0 }'),
  ])('accepts %s', (text) => {
    expect(accepts(text)).toBe(true);
  });

  it.each([
    'servr: {}',
    'server: { prot: 1 }',
    'server: { port: http }',
    'server: { port: 65536 }',
    upstream('timeout: 3'),
    upstream('timeout: 3 parsecs'),
    upstream('pool: 5'),
    upstream('retry: { on: [sometimes] }'),
    upstream('hashOn: cookie'),
    'upstreams: { "a b": { url: http://u } }',
    'routes: [{ id: r, upstream: u }]',
    route('cache: { per: nobody }'),
    route('auth: { optinal: true }'),
    route('headers: { request: { set: { "bad name": x } } }'),
  ])('refuses %s, as the gateway does', (text) => {
    expect(accepts(text)).toBe(false);
  });
});
