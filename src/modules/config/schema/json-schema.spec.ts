import { describe, expect, it } from 'vitest';
import { gatewayJsonSchema } from './json-schema.js';

interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** Every key with its schema, as `upstreams.*.url`. */
function keysOf(schema: Schema, place = ''): [string, Schema][] {
  const properties = Object.entries(schema.properties ?? {}).flatMap(([key, child]): [string, Schema][] => {
    const path = place === '' ? key : `${place}.${key}`;
    return [[path, child], ...keysOf(child, path)];
  });
  const byId = schema.additionalProperties ? keysOf(schema.additionalProperties, `${place}.*`) : [];
  const items = schema.items ? keysOf(schema.items, `${place}.*`) : [];
  return [
    ...properties,
    ...byId,
    ...items,
    ...(schema.anyOf ?? []).flatMap((branch) => keysOf(branch, place)),
  ];
}

/** Keys that are written below one place. */
function under(place: string, keys: string): string[] {
  return keys.split(' ').map((key) => `${place}.${key}`);
}

function upstreamKeys(place: string): string[] {
  return [
    ...under(
      place,
      'balancer hashOn outlier timeout connectTimeout bodyTimeout tls pool pool.connections bulkhead retry breaker health fallback',
    ),
    ...under(place, 'slowStart hedge hedge.after'),
    ...under(`${place}.tls`, 'ca cert key serverName insecureSkipVerify'),
    ...under(`${place}.outlier`, 'consecutiveFailures ejectFor maxEjected'),
    ...under(`${place}.bulkhead`, 'concurrent queue adaptive'),
    ...under(
      `${place}.retry`,
      'attempts on backoff backoff.base backoff.max budget perTryTimeout maxBodyBytes',
    ),
    ...under(
      `${place}.breaker`,
      'errorRate window minRequests consecutiveFailures openFor maxOpenFor failureStatuses mode',
    ),
    ...under(`${place}.health`, 'path interval unhealthyInterval timeout failures passes statuses'),
    ...under(`${place}.fallback`, 'stale upstream response response.status response.headers response.body'),
  ];
}

const SERVED = [
  ...'server management auth redis cache defaults upstreams routes'.split(' '),
  ...under('server', 'host port trustProxy maxHeaderBytes maxBodyBytes headersTimeout requestTimeout'),
  ...under('server', 'sendTimeout keepAliveTimeout'),
  ...under('server', 'shutdown shutdown.delay shutdown.drain'),
  ...under('server', 'cors cors.origins cors.methods cors.headers cors.credentials cors.maxAge'),
  ...under('management', 'host port token'),
  ...under('auth.*.apiKeys.*', 'id hash scopes'),
  ...under('auth.*.introspection', 'url clientId clientSecret timeout maxAge'),
  ...under('auth.*.jwks', 'refresh cooldown maxStale timeout'),
  ...under(
    'auth.*',
    'secret publicKey jwksUri jwks introspection apiKeys apiKeysFile header query issuer audience algorithms typ clockSkew forwardClaims',
  ),
  ...under('redis', 'url cluster sentinel tls keyPrefix connectTimeout commandTimeout'),
  ...under('redis.sentinel', 'name nodes username password database'),
  ...under('redis.tls', 'ca cert key serverName insecureSkipVerify'),
  ...under('cache', 'maxBytes maxEntryBytes ttl'),
  ...upstreamKeys('defaults'),
  ...under('upstreams.*', 'url targets targets.*.url targets.*.weight'),
  ...upstreamKeys('upstreams.*'),
  ...under(
    'routes.*',
    'id match match.path match.methods match.hosts match.headers upstream timeout maxBodyBytes',
  ),
  ...under('routes.*', 'websocket'),
  ...under('routes.*.websocket', 'idleTimeout closeOnExpiry maxMessageBytes maxControlFrames origins'),
  ...under(
    'routes.*',
    'split split.*.upstream split.*.weight rewrite rewrite.stripPrefix rewrite.path headers headers.request headers.response',
  ),
  ...under('routes.*', 'mirror mirror.upstream mirror.percent fault fault.delay fault.abort'),
  ...under('routes.*.fault', 'delay.percent delay.for abort.percent abort.status'),
  ...under('routes.*.headers', 'request.set request.remove response.set response.remove'),
  ...under(
    'routes.*',
    'auth auth.provider auth.scopes auth.claims auth.claims.*.contains auth.optional auth.forward cache',
  ),
  ...under('routes.*.cache', 'ttl override per staleIfError staleWhileRevalidate statuses'),
];

const schema = gatewayJsonSchema() as Schema;
const keys = new Map(keysOf(schema));

describe('gatewayJsonSchema', () => {
  it('has every served key and no other', () => {
    expect([...keys.keys()].toSorted()).toEqual(SERVED.toSorted());
  });

  it.each(SERVED)('describes %s', (key) => {
    expect(keys.get(key)?.description).toMatch(/^.{20,}\.$/);
  });

  it('shows defaults as they are written', () => {
    expect(keys.get('upstreams.*.timeout')?.default).toBe('3s');
    expect(keys.get('server.maxBodyBytes')?.default).toBe('10MiB');
    expect(keys.get('upstreams.*.breaker.failureStatuses')?.default).toEqual([500, 502, 503, 504]);
    expect(keys.get('upstreams.*.health')?.default).toBeUndefined();
  });

  it('admits no other keys, and only ids as ids', () => {
    expect(schema.additionalProperties).toBe(false);
    expect(keys.get('routes.*.match')?.additionalProperties).toBe(false);
    expect(keys.get('upstreams')).toMatchObject({
      propertyNames: { pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$' },
    });
  });

  it('admits a substitution wherever a form is asked for', () => {
    const duration = new RegExp(keys.get('upstreams.*.timeout')?.anyOf?.[0]?.pattern ?? '');
    expect(['3s', '${TIMEOUT:-3s}', '3 parsecs'].map((text) => duration.test(text))).toEqual([
      true,
      true,
      false,
    ]);
    const port = new RegExp(keys.get('server.port')?.anyOf?.[1]?.pattern ?? '');
    expect(['8080', '${PORT}', 'http'].map((text) => port.test(text))).toEqual([true, true, false]);
    expect(keys.get('routes.*.cache.per')?.anyOf).toEqual([
      { type: 'string', enum: ['user', 'public'] },
      { type: 'string', pattern: String.raw`\$\{` },
    ]);
  });
});
