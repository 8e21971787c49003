import './ioredis-socket-errors.patch.js';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { backoff } from '../../common/resilience/backoff.js';
import type { RedisConfig } from '../config/gateway-config.js';
import { tlsOptions } from '../config/tls-options.js';

export type RedisClient = Redis | Cluster;

/** Milliseconds. A server that is back is reached within twice the maximum. */
const RECONNECT = { base: 100, max: 2_000 };
const SENTINEL_PORT = 26_379;

/**
 * Makes the client of a server, a cluster, or a master that sentinels watch. It does not connect by itself, and neither
 * queues nor repeats commands: the caller continues without Redis.
 *
 * @returns `undefined` when no Redis is configured
 */
export function redisClient(config: RedisConfig): RedisClient | undefined {
  const { cluster } = config;
  if (!cluster) return singleClient(config);
  return new Cluster(
    cluster.map((node) => endpoint(node)),
    {
      lazyConnect: true,
      enableOfflineQueue: false,
      keyPrefix: config.keyPrefix,
      clusterRetryStrategy: reconnectPause,
      slotsRefreshTimeout: config.connectTimeout,
      redisOptions: nodeOptions(cluster, config),
      // Nodes keep their announced names, because certificates are issued for names.
      dnsLookup: (address, callback) => callback(null, address),
    },
  );
}

/** Makes a client for subscriptions. In a cluster it has one node at a time: every node receives what any publishes. */
export function subscriberClient(config: RedisConfig): Redis | undefined {
  const { cluster } = config;
  if (!cluster) return singleClient(config);
  const nodes = cluster.map((node) => endpoint(node));
  const client: Redis = new Redis({
    ...nodeOptions(cluster, config),
    ...nodes[0],
    retryStrategy: (attempt) => {
      // ioredis reads host and port anew for each connection.
      Object.assign(client.options, nodes[attempt % nodes.length]);
      return reconnectPause(attempt);
    },
  });
  return client;
}

function singleClient(config: RedisConfig): Redis | undefined {
  const { url, sentinel } = config;
  if (!sentinel) {
    if (url === '') return undefined;
    const db = Number(new URL(url).pathname.slice(1));
    return new Redis({ ...nodeOptions([url], config), ...endpoint(url), db });
  }
  const { name, nodes, username, password, database } = sentinel;
  const { username: sentinelUsername, password: sentinelPassword, tls } = access(nodes[0] ?? '', config);
  return new Redis({
    ...common(config),
    name,
    sentinels: nodes.map((node) => endpoint(node, SENTINEL_PORT)),
    sentinelUsername,
    sentinelPassword,
    sentinelRetryStrategy: reconnectPause,
    username,
    password,
    db: database,
    // The sentinels report a failover before commands fail.
    failoverDetector: true,
    ...(tls ? { tls, sentinelTLS: tls, enableTLSForSentinelMode: true } : {}),
  });
}

/** Options of each node; the first URL has the credentials and the scheme of all. */
function nodeOptions([first = '']: readonly string[], config: RedisConfig): RedisOptions {
  const { username, password } = config;
  return {
    ...common(config),
    ...access(first, config),
    // An empty variable counts as unset.
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
  };
}

function common({ keyPrefix, connectTimeout, commandTimeout }: RedisConfig): RedisOptions {
  return {
    keyPrefix,
    connectTimeout,
    // The connection is replaced when its peer has vanished or is frozen.
    socketTimeout: Math.max(connectTimeout, 2 * commandTimeout),
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // `RedisSubscriber` does it, since it has to know when.
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
    retryStrategy: reconnectPause,
    // The former master has become a replica, so the client looks for the new one.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  };
}

/** @returns milliseconds before an attempt; the first one has the number 1 */
export function reconnectPause(attempt: number): number {
  return 20 + backoff(RECONNECT, attempt - 1, Math.random());
}

function endpoint(url: string, defaultPort = 6379): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || defaultPort) };
}

/** The user whom a URL names, and TLS if its scheme is `rediss:`. */
function access(url: string, { tls }: RedisConfig): Pick<RedisOptions, 'username' | 'password' | 'tls'> {
  const { protocol, username, password } = new URL(url);
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' ? { tls: tlsOptions(tls) } : {}),
  };
}
