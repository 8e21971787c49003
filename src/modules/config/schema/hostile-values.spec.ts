import { describe, expect, it } from 'vitest';
import { type ConfigPath, formatPath } from '../problem.js';
import { parseConfig } from '../parse-config.js';
import { gatewayJsonSchema } from './json-schema.js';

interface Node {
  readonly type?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: boolean | Node;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

type Kind = 'duration' | 'size' | 'ratio' | 'number';

/** Values that no kind of setting accepts. */
const NEVER = [
  '-1',
  '-0.5',
  '.nan',
  '.inf',
  '-.inf',
  '1e400',
  '1.5',
  'abc',
  '""',
  '"NaN"',
  'true',
  '[]',
  '{}',
];
const HUGE = '99999999999999999999';
const HOSTILE: Readonly<Record<Kind, readonly string[]>> = {
  duration: [...NEVER, '-1s', '1', '1.5s', `${HUGE}h`, '299h', 'NaNs', '5%', '1KiB', '1s 1s'],
  size: [...NEVER, '-1KiB', '1', '1.5MiB', `${HUGE}GiB`, '10MB', '5%', '1s'],
  ratio: [...NEVER, '-1%', '1', '101%', '100.01%', `${HUGE}%`, '1e1%', 'NaN%', '1s'],
  number: [...NEVER, HUGE, '1e300', '5%', '1s', '"-1"', '"1.5"', '"1e1"', '"0x1"'],
};
const FINE: Readonly<Partial<Record<Kind, string>>> = { duration: '20s', size: '7KiB', ratio: '7%' };

/** Settings for which zero has a meaning. */
const ZERO_IS_FINE = [
  'server.maxBodyBytes',
  'server.requestTimeout',
  'server.receiveMinRate',
  'server.sendMinRate',
  'server.port',
  'server.rateLimit.burst',
  'server.rateLimit[0].burst',
  'server.limits.connections',
  'server.limits.connectionsPerIp',
  'server.tls.redirect.port',
  'server.shutdown.delay',
  'server.shutdown.drain',
  'server.cors.maxAge',
  'routes[0].cors.maxAge',
  'management.port',
  'auth.main.clockSkew',
  'cache.ttl',
  'redis.sentinel.database',
  'upstreams.users.slowStart',
  'upstreams.users.streamIdleTimeout',
  'routes[0].streamIdleTimeout',
  'routes[0].limits.maxQueryBytes',
  'routes[0].limits.maxQueryParameters',
  'upstreams.users.bulkhead.queue',
  'upstreams.users.retry.attempts',
  'upstreams.users.retry.maxBodyBytes',
  'routes[0].rateLimit.burst',
  'routes[0].rateLimit[0].burst',
  'routes[0].requestTimeout',
  'routes[0].cache.ttl',
  'routes[0].cache.staleIfError',
  'routes[0].cache.staleWhileRevalidate',
  'routes[0].maxBodyBytes',
  'routes[0].split[0].weight',
];

interface Setting {
  readonly path: ConfigPath;
  readonly name: string;
  readonly kind: Kind;
  readonly fine: string;
}

function kindOf({ pattern: own = '', anyOf = [] }: Node): Kind | undefined {
  if (anyOf.some(({ type }) => type === 'integer')) return 'number';
  const patterns = own + anyOf.map(({ pattern = '' }) => pattern).join(' ');
  if (patterns.includes('(ms|s|m|h)')) return 'duration';
  if (patterns.includes('KiB')) return 'size';
  return patterns.includes(')%$') ? 'ratio' : undefined;
}

/** Every path of a configuration, with one id and one item for each list. `defaults` has the paths of `upstreams`. */
function paths(node: Node, path: ConfigPath = []): [path: ConfigPath, node: Node][] {
  const id = path[0] === 'auth' ? 'main' : 'users';
  const { properties = {}, additionalProperties: byId, items, anyOf = [] } = node;
  return [
    [path, node],
    ...Object.entries(properties).flatMap(([key, child]) =>
      key === 'defaults' ? [] : paths(child, [...path, key]),
    ),
    ...(typeof byId === 'object' ? paths(byId, [...path, id]) : []),
    ...(items ? paths(items, [...path, 0]) : []),
    ...anyOf.flatMap((each) => paths(each, path)),
  ];
}

function settings([path, node]: [path: ConfigPath, node: Node]): Setting[] {
  const kind = kindOf(node);
  if (!kind) return [];
  const { minimum = 0, maximum = 0 } = node.anyOf?.find(({ type }) => type === 'integer') ?? {};
  const number = String(Math.min(maximum, Math.max(minimum, 404)));
  return [{ path, name: formatPath(path), kind, fine: FINE[kind] ?? number }];
}

function parseAt(path: ConfigPath, value: string) {
  const text = path.reduceRight<string>(
    (inner, step) => (typeof step === 'number' ? `[${inner}]` : `{ ${step}: ${inner} }`),
    value,
  );
  return parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
}

/** The problems at the place of a setting that has this YAML value. */
function problemsAt({ path, name }: Setting, value: string): string[] {
  const result = parseAt(path, value);
  if (result.ok) return [];
  return result.problems.filter((each) => each.path === name).map(({ message }) => message);
}

const PATHS = paths(gatewayJsonSchema());
const SETTINGS = PATHS.flatMap(settings);

it('finds every setting of the schema', () => {
  expect(SETTINGS.length).toBeGreaterThan(65);
  expect(SETTINGS.map(({ name }) => name)).toEqual(expect.arrayContaining(ZERO_IS_FINE));
});

describe.each(SETTINGS)('$name', (setting) => {
  it('accepts a valid value and refuses hostile ones', { timeout: 60_000 }, () => {
    expect(problemsAt(setting, setting.fine)).toEqual([]);
    const taken = HOSTILE[setting.kind].filter((value) => problemsAt(setting, value).length === 0);
    expect(taken).toEqual([]);
  });

  it('accepts zero only where it has a meaning', () => {
    expect(problemsAt(setting, '0').length === 0).toBe(ZERO_IS_FINE.includes(setting.name));
  });

  it('refuses an empty value', () => {
    expect(problemsAt(setting, '~')).toHaveLength(1);
  });
});

// Mappings have no `toString` here, so code that converts one to text throws.
it.each(['{}', '[{}]', '~'])('%s never throws, wherever it is written', { timeout: 60_000 }, (value) => {
  for (const [path] of PATHS) expect(parseAt(path, value)).toHaveProperty('ok');
});
