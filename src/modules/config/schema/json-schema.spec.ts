import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { snippets } from '../../../../test/docs/snippets.js';
import { gatewaySchema } from './gateway.js';
import { gatewayJsonSchema } from './json-schema.js';

interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly required?: readonly string[];
}

/** Every place with its schema, such as `upstreams.*.url`, where `*` is any id or the items of a list. */
function keysOf(schema: Schema, place = ''): [string, Schema][] {
  const { properties = {}, additionalProperties, items, anyOf = [] } = schema;
  return [
    ...(place.endsWith('*') ? [[place, schema] satisfies [string, Schema]] : []),
    ...Object.entries(properties).flatMap(([key, child]): [string, Schema][] => {
      const path = place === '' ? key : `${place}.${key}`;
      return [[path, child], ...keysOf(child, path)];
    }),
    ...(additionalProperties ? keysOf(additionalProperties, `${place}.*`) : []),
    ...(items ? keysOf(items, `${place}.*`) : []),
    ...anyOf.flatMap((branch) => keysOf(branch, place)),
  ];
}

const schema: Schema = gatewayJsonSchema();
const places = new Map(keysOf(schema));
const keys = new Map([...places].filter(([place]) => !place.endsWith('*')));
// Strict, so that a keyword or a pattern that other validators do not know is an error.
const editor = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);

/** Whether an editor accepts the text. */
function accepts(text: string): boolean {
  return editor(parse(text));
}

const A_URL = 'http://users:3001/v1';
const WORDS =
  '0 8080 true 3s 0s 1KiB 5% a é X-Any X-USER-Tenant get * at+jwt RS256 200-299 p95 header:X-A *.EXAMPLE.com ' +
  `[::1] ::1 fd00::/8 ${A_URL} redis://a:1/2 /a/{b}/** none shadow sha256:${'0'.repeat(64)}`;
const OTHERS = [
  '',
  'a b',
  null,
  0,
  404,
  0.5,
  true,
  [],
  {},
  [404],
  ['a'],
  [A_URL],
  { 'X-A': 'b' },
  { a: 'X-User-A' },
];
/** Values to write at every place, where most of them are wrong. */
const VALUES: readonly unknown[] = [...WORDS.split(' '), ...OTHERS];

/** One place for each form of value. */
const distinctPlaces = new Map(
  [...places].map(([place, form]) => [
    JSON.stringify(form, (key, value: unknown) => (key === 'description' || key === 'default' ? '' : value)),
    place,
  ]),
);

const REQUIRED: Readonly<Record<string, unknown>> = {
  id: 'r',
  match: { path: '/r' },
  path: '/r',
  upstream: 'u',
  url: A_URL,
  after: '1s',
  for: '1s',
  name: 'n',
  nodes: ['redis://a'],
  clientId: 'c',
  clientSecret: 's',
  contains: 'c',
  hash: `sha256:${'0'.repeat(64)}`,
};

/** A configuration that has a value at a place, and the keys that are required beside it. */
function withValue(schema: Schema, [key = '', ...rest]: readonly string[], value: unknown): unknown {
  const forms = [schema, ...(schema.anyOf ?? [])];
  const form = forms.find((each) =>
    key === '*' ? each.items || each.additionalProperties : each.properties?.[key],
  );
  const child = key === '*' ? form?.items || form?.additionalProperties : form?.properties?.[key];
  const inner = rest.length > 0 && child ? withValue(child, rest, value) : value;
  if (key === '*') return form?.items ? [inner] : { any: inner };
  const required = form?.required ?? [];
  return { ...Object.fromEntries(required.map((each) => [each, REQUIRED[each]])), [key]: inner };
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

  it('prints no default of a section, also of one that can be turned off by a word', () => {
    const defaults = ['server.shutdown', 'server.overload'].filter((key) =>
      keys.get(key)?.description?.includes('Default:'),
    );
    expect(defaults).toEqual([]);
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
    editor(parse(text));
    expect(editor.errors).toBeNull();
  });

  it.each([...distinctPlaces.values()])('accepts what the gateway accepts at %s', (place) => {
    const refused = VALUES.filter((value) => {
      const config = withValue(schema, place.split('.'), value);
      return !editor(config) && gatewaySchema.safeParse(config).success;
    });
    expect(refused).toEqual([]);
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
