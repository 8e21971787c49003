import { BlockList, isIP } from 'node:net';
import type { GatewayConfig } from '../gateway-config.js';
import { pluginReferences } from '../plugins/plugin-sources.js';
import type { ConfigValue } from '../source/config-value.js';

interface Finding {
  readonly place: ConfigValue;
  readonly message: string;
}

/** Characters. */
const SHORTEST_TOKEN = 16;

/** Lints of a whole configuration by their ids. */
export type GatewayLints = Readonly<
  Record<string, (config: GatewayConfig, root: ConfigValue) => readonly Finding[]>
>;

/** Lints about several sections, or about any value. */
export const GATEWAY_LINTS: GatewayLints = {
  'no-route': ({ routes }, root) => {
    const message = 'there is no route, so every request is answered with 404';
    return routes.length === 0 ? [{ place: root.at('routes'), message }] : [];
  },
  'open-management': ({ management: { host, token } }, root) => {
    const message = `${host} can be reached from elsewhere, and without \`management.token\` everybody there can read metrics and health, while administration is closed`;
    const place = root.at('management', 'host');
    // The environment of an image sets another default, for which nobody has to write a host.
    return isLoopback(host) || token !== '' || !place.isWritten ? [] : [{ place, message }];
  },
  'short-management-token': ({ management: { host, token } }, root) => {
    const message = `a token of fewer than ${SHORTEST_TOKEN} characters can be guessed, and ${host} can be reached from elsewhere; \`openssl rand -hex 32\` makes a longer one`;
    const isShort = token !== '' && token.length < SHORTEST_TOKEN;
    return isShort && !isLoopback(host) ? [{ place: root.at('management', 'token'), message }] : [];
  },
  'upstream-is-gateway': (config, root) => {
    const message =
      'this is the address of the gateway itself, so requests come back and are answered with 508';
    return targetsAt(config.server, config, root).map((place) => ({ place, message }));
  },
  'upstream-is-management': (config, root) => {
    const { management } = config;
    const message = `this is the management port of the gateway, so clients can read metrics and health${management.token === '' ? '' : ', and reach the admin API with its token'}`;
    return targetsAt(management, config, root).map((place) => ({ place, message }));
  },
  'client-limit-below-workers': ({ server: { workers, limits }, routes }, root) => {
    const own = (['requestsPerIp', 'requestsPerUser', 'streamsPerUser'] as const).map(
      (key) => [limits[key], root.at('server', 'limits', key)] as const,
    );
    const ofRoutes = routes.map(
      (route, i) => [route.limits?.requestsPerUser, root.at('routes', i, 'limits', 'requestsPerUser')] as const,
    );
    return belowWorkers(workers, [...own, ...ofRoutes]);
  },
  'limit-below-workers': ({ server: { workers }, upstreams }, root) =>
    Object.entries(upstreams).flatMap(([id, { bulkhead, pool }]) => {
      const upstream = root.at('upstreams', id);
      return belowWorkers(workers, [
        [bulkhead.concurrent, upstream.at('bulkhead', 'concurrent')],
        [bulkhead.streams, upstream.at('bulkhead', 'streams')],
        [pool.connections, upstream.at('pool', 'connections')],
      ]);
    }),
  'header-limit-without-proxy': ({ server, routes }, root) => {
    if (server.trustProxy.length > 0) return [];
    const lists = [
      [server.rateLimit, root.at('server', 'rateLimit')] as const,
      ...routes.map(({ rateLimit }, i) => [rateLimit, root.at('routes', i, 'rateLimit')] as const),
    ];
    return lists.flatMap(([limits = [], place]) =>
      limits.flatMap(({ key }, i) => {
        const limit = place.items()[i] ?? place;
        const message = `\`${key}\` only counts from peers in \`server.trustProxy\`, and there are none, so clients are told apart by address`;
        return key.startsWith('header:') ? [{ place: limit.at('key'), message }] : [];
      }),
    );
  },
  'unused-plugin': ({ plugins }, root) => {
    const used = new Set(pluginReferences(root).map(({ id }) => id.text));
    const message =
      'no route, provider or upstream of this file uses this plugin, and only a handler of code still can';
    return Object.keys(plugins).flatMap((id) =>
      used.has(id) ? [] : [{ place: root.at('plugins', id), message }],
    );
  },
  'quorum-without-redis': (_, root) => {
    const place = root.at('breakers', 'quorum');
    const message = 'without `redis`, replicas do not share their breakers';
    // Its URL may be a variable that is only set elsewhere.
    return root.at('redis').isWritten || !place.isWritten ? [] : [{ place, message }];
  },
  'text-like-a-variable': (_, root) =>
    scalars(root)
      .filter(({ value }) => typeof value === 'string' && /^\$(?:[A-Z_][A-Z0-9_]*|\(\w+\))$/.test(value))
      .map((place) => ({ place, message: 'this text is used as it stands; a variable is written ${NAME}' })),
};

/** Each worker gets a share of a limit, and at least 1. */
function belowWorkers(
  workers: GatewayConfig['server']['workers'],
  limits: readonly (readonly [limit: number | undefined, place: ConfigValue])[],
): Finding[] {
  // What `auto` stands for depends on the machine.
  if (workers === 'auto') return [];
  return limits
    .filter(([limit = workers]) => limit < workers)
    .map(([limit, place]) => {
      const message = `each of the ${workers} workers takes at least 1, so together they take more than ${limit}`;
      return { place, message };
    });
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** @param hostname in the form of a configured host or of a URL */
export function isLoopback(hostname: string): boolean {
  const host = withoutBrackets(hostname);
  const family = isIP(host);
  if (family === 0) return host === 'localhost';
  return LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/** An IPv6 address stands in brackets in a URL. */
function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

/** @returns the addresses of targets that are a port of the gateway */
function targetsAt(
  port: { readonly host: string; readonly port: number },
  { upstreams }: GatewayConfig,
  root: ConfigValue,
): ConfigValue[] {
  return Object.keys(upstreams).flatMap((id) => {
    const upstream = root.at('upstreams', id);
    const owners = [upstream, ...upstream.at('targets').items()];
    return owners.map((owner) => owner.at('url')).filter(({ text }) => text !== undefined && isAt(text, port));
  });
}

function isAt(url: string, own: { readonly host: string; readonly port: number }): boolean {
  const { hostname, port, protocol } = new URL(url);
  const host = withoutBrackets(hostname);
  const number = Number(port || (protocol === 'https:' ? 443 : 80));
  const isHere = isLoopback(host) || host === '0.0.0.0' || host === '::';
  return own.port === number && (isHere || host === own.host);
}

function scalars(value: ConfigValue): ConfigValue[] {
  const children = [...value.entries(), ...value.items()];
  return children.length > 0 ? children.flatMap(scalars) : [value];
}
