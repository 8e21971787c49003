import { BlockList, isIP } from 'node:net';
import type { GatewayConfig, RateLimitConfig } from '../gateway-config.js';
import { pluginReferences } from '../plugins/plugin-sources.js';
import type { ConfigValue } from '../source/config-value.js';

type Warn = (place: ConfigValue, message: string) => void;

/** Characters. */
const SHORTEST_TOKEN = 16;

/** Lints of a whole configuration by their ids. */
export type GatewayLints = Readonly<
  Record<string, (config: GatewayConfig, root: ConfigValue, warn: Warn) => void>
>;

/** Lints about several sections, or about any value. */
export const GATEWAY_LINTS: GatewayLints = {
  'no-route': ({ routes }, root, warn) => {
    if (routes.length === 0)
      warn(root.at('routes'), 'there is no route, so every request is answered with 404');
  },
  'open-management': ({ management: { host, token } }, root, warn) => {
    const place = root.at('management', 'host');
    // The environment of an image sets another default, for which nobody has to write a host.
    if (isLoopback(host) || token !== '' || !place.isWritten) return;
    warn(
      place,
      `${host} can be reached from elsewhere, and without \`management.token\` everybody there can read metrics and health, while administration is closed`,
    );
  },
  'short-management-token': ({ management: { host, token } }, root, warn) => {
    if (token !== '' && token.length < SHORTEST_TOKEN && !isLoopback(host))
      warn(
        root.at('management', 'token'),
        `a token of fewer than ${SHORTEST_TOKEN} characters can be guessed, and ${host} can be reached from elsewhere; \`openssl rand -hex 32\` makes a longer one`,
      );
  },
  'upstream-is-gateway': ({ server }, root, warn) => {
    for (const place of targetsAt(server, root))
      warn(
        place,
        'this is the address of the gateway itself, so requests come back and are answered with 508',
      );
  },
  'upstream-is-management': ({ management }, root, warn) => {
    const hint = management.token === '' ? '' : ', and reach the admin API with its token';
    for (const place of targetsAt(management, root))
      warn(
        place,
        `this is the management port of the gateway, so clients can read metrics and health${hint}`,
      );
  },
  'client-limit-below-workers': ({ server: { workers, limits }, routes }, root, warn) => {
    for (const key of ['requestsPerIp', 'requestsPerUser', 'streamsPerUser'] as const)
      warnBelowWorkers(workers, limits[key], root.at('server', 'limits', key), warn);
    for (const [i, { limits }] of routes.entries())
      warnBelowWorkers(
        workers,
        limits?.requestsPerUser,
        root.at('routes', i, 'limits', 'requestsPerUser'),
        warn,
      );
  },
  'limit-below-workers': ({ server: { workers }, upstreams }, root, warn) => {
    for (const [id, { bulkhead, pool }] of Object.entries(upstreams)) {
      const upstream = root.at('upstreams', id);
      for (const key of ['concurrent', 'streams'] as const)
        warnBelowWorkers(workers, bulkhead[key], upstream.at('bulkhead', key), warn);
      warnBelowWorkers(workers, pool.connections, upstream.at('pool', 'connections'), warn);
    }
  },
  'header-limit-without-proxy': ({ server, routes }, root, warn) => {
    if (server.trustProxy.length > 0) return;
    const check = (limits: readonly RateLimitConfig[] = [], place: ConfigValue) => {
      for (const [i, { key }] of limits.entries()) {
        // A single limit need not be in a list.
        const limit = place.items()[i] ?? place;
        if (key.startsWith('header:'))
          warn(
            limit.at('key'),
            `\`${key}\` only counts from peers in \`server.trustProxy\`, and there are none, so clients are told apart by address`,
          );
      }
    };
    check(server.rateLimit, root.at('server', 'rateLimit'));
    for (const [i, { rateLimit }] of routes.entries()) check(rateLimit, root.at('routes', i, 'rateLimit'));
  },
  'unused-plugin': ({ plugins }, root, warn) => {
    const used = new Set(pluginReferences(root).map(({ id }) => id.text));
    for (const id of Object.keys(plugins))
      if (!used.has(id))
        warn(
          root.at('plugins', id),
          'no route, provider or upstream of this file uses this plugin, and only a handler of code still can',
        );
  },
  'quorum-without-redis': (_, root, warn) => {
    const place = root.at('breakers', 'quorum');
    // Its URL may be a variable that is only set elsewhere.
    if (!root.at('redis').isWritten && place.isWritten)
      warn(place, 'without `redis`, replicas do not share their breakers');
  },
  'text-like-a-variable': (_, root, warn) => {
    for (const place of scalars(root))
      if (/^\$(?:[A-Z_][A-Z0-9_]*|\(\w+\))$/.test(place.text ?? ''))
        warn(place, 'this text is used as it stands; a variable is written ${NAME}');
  },
};

/** @param limit that is divided among the workers, each of which gets at least 1 */
function warnBelowWorkers(
  workers: GatewayConfig['server']['workers'],
  limit: number | undefined,
  place: ConfigValue,
  warn: Warn,
): void {
  // What `auto` stands for depends on the machine.
  if (workers === 'auto' || limit === undefined || limit >= workers) return;
  warn(place, `each of the ${workers} workers takes at least 1, so together they take more than ${limit}`);
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

interface Port {
  readonly host: string;
  readonly port: number;
}

/** @returns the addresses of targets that are a port of the gateway */
function targetsAt(port: Port, root: ConfigValue): ConfigValue[] {
  return root
    .all('upstreams.*.url', 'upstreams.*.targets[].url')
    .filter(({ text }) => text !== undefined && isAt(text, port));
}

function isAt(url: string, own: Port): boolean {
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
