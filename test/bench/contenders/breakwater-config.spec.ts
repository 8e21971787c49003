import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/modules/config/parse-config.js';
import { gatewayJsonSchema } from '../../../src/modules/config/schema/json-schema.js';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}
type Keys = Readonly<Record<string, unknown>>;
interface Config extends Keys {
  readonly server: Keys;
  readonly upstreams: Readonly<Record<string, Keys>>;
  readonly routes: readonly Keys[];
}
interface Setting {
  readonly prefixes: readonly string[];
  readonly upstreams: number;
  readonly upstreamUrl: string;
  readonly secret: string;
}

// A script, without types.
const { everyFeature, leftOut, onlyWhatItNeeds } = (await import(
  new URL('breakwater-config.mjs', import.meta.url).href
)) as {
  everyFeature: (setting: Setting, route?: Keys, upstream?: Keys) => Config;
  onlyWhatItNeeds: (setting: Setting) => Config;
  leftOut: {
    features: Readonly<Record<string, string>>;
    settings: Readonly<Record<string, readonly string[]>>;
  };
};

const setting: Setting = {
  prefixes: ['/r0', '/r1', '/r2'],
  upstreams: 2,
  upstreamUrl: 'http://127.0.0.1:8081',
  secret: 'x'.repeat(43),
};
const config = everyFeature(setting);
const schema: Schema = gatewayJsonSchema();

/** The keys of a mapping in the schema, which may be one of several forms of a value. */
function keysOf(part: Schema | undefined): string[] {
  const forms = [part, ...(part?.anyOf ?? [])];
  return forms.flatMap((form) => Object.keys(form?.properties ?? {}));
}

describe('everyFeature', () => {
  it.each([
    ['root', schema, config],
    ['server', schema.properties?.['server'], config.server],
    ['upstream', schema.properties?.['upstreams']?.additionalProperties, config.upstreams['orders-0']!],
    ['route', schema.properties?.['routes']?.items, config.routes[0]!],
  ])('sets every key of the schema that is not left out for a reason: %s', (name, part, set) => {
    const known = keysOf(part);
    expect(known).not.toEqual([]);
    const expected = new Set([
      ...Object.keys(set),
      ...Object.keys(leftOut.features),
      ...(leftOut.settings[name] ?? []),
    ]);
    // A new feature belongs into everyFeature, unless it changes responses or the number of requests.
    expect(known.filter((key) => !expected.has(key))).toEqual([]);
  });

  it('sets no key that is said to be left out', () => {
    const [upstream, route] = [config.upstreams['orders-0']!, config.routes[0]!];
    const parts: Readonly<Record<string, Keys>> = { root: config, server: config.server, upstream, route };
    const settings = Object.entries(leftOut.settings).flatMap(([name, keys]) =>
      keys.filter((key) => key in parts[name]!),
    );
    const features = Object.keys(leftOut.features).filter((key) =>
      Object.values(parts).some((part) => key in part),
    );
    expect([...settings, ...features]).toEqual([]);
  });

  it.each([
    ['everyFeature', config],
    ['its cache', everyFeature(setting, { cache: { ttl: '1h', per: 'user' } })],
    ['onlyWhatItNeeds', onlyWhatItNeeds(setting)],
  ])('is a valid configuration without warnings: %s', (_name, written) => {
    const result = parseConfig(JSON.stringify(written), {
      file: 'gateway.yaml',
      env: {},
      readFile: () => '',
    });
    expect(result).toMatchObject({ ok: true, warnings: [] });
  });

  it.each([
    ['everyFeature', config],
    ['onlyWhatItNeeds', onlyWhatItNeeds(setting)],
  ])('admits all connections of the load, which come from one address: %s', (_name, { server }) => {
    expect(server['limits']).toMatchObject({ connections: 0, connectionsPerIp: 0 });
  });

  it('divides the routes among the upstreams', () => {
    expect(config.routes.map(({ id, upstream }) => [id, upstream])).toEqual([
      ['r0', 'orders-0'],
      ['r1', 'orders-1'],
      ['r2', 'orders-0'],
    ]);
  });
});
