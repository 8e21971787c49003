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
  const { url, cluster, sentinel } = config;
  if (sentinel) {
    const { name, nodes, username, password, database } = sentinel;
    const [first = ''] = nodes;
    const { username: sentinelUsername, password: sentinelPassword } = credentials(new URL(first));
    const tls = tlsOf(first, config);
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
  if (cluster) {
    const [first = ''] = cluster;
    return new Cluster(
      cluster.map((node) => endpoint(node)),
      {
        lazyConnect: true,
        enableOfflineQueue: false,
        keyPrefix: config.keyPrefix,
        clusterRetryStrategy: reconnectPause,
        slotsRefreshTimeout: config.connectTimeout,
        redisOptions: { ...common(config), ...credentials(new URL(first)), tls: tlsOf(first, config) },
        // Nodes keep their announced names, because certificates are issued for names.
        dnsLookup: (address, callback) => callback(null, address),
      },
    );
  }
  if (url === '') return undefined;
  const db = Number(new URL(url).pathname.slice(1));
  const at = { ...endpoint(url), ...credentials(new URL(url)), tls: tlsOf(url, config) };
  return new Redis({ ...common(config), ...at, db });
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
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
    retryStrategy: reconnectPause,
    // The former master has become a replica, so the client looks for the new one.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  };
}

/**
 * Makes a client for subscriptions. It does not reconnect, because the next connection may go to another node.
 *
 * @param attempt chooses the node of a cluster: every node receives what is published on any
 */
export function subscriberClient(config: RedisConfig, attempt: number): Redis | undefined {
  const { cluster } = config;
  const options = { retryStrategy: () => null, ...(cluster ? { keyPrefix: '' } : {}) };
  const url = cluster?.[attempt % cluster.length];
  if (!cluster || url === undefined) {
    const client = redisClient(config);
    // Without a cluster it is a client that can be duplicated.
    return client instanceof Redis ? client.duplicate(options) : undefined;
  }
  const [first = ''] = cluster;
  const at = { ...endpoint(url), ...credentials(new URL(first)), tls: tlsOf(url, config) };
  return new Redis({ ...common(config), ...at, ...options });
}

/**
 * @param attempt 1 for the first
 * @returns milliseconds
 */
export function reconnectPause(attempt: number): number {
  return 20 + backoff(RECONNECT, attempt - 1, Math.random());
}

function endpoint(url: string, defaultPort = 6379): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || defaultPort) };
}

function credentials({ username, password }: URL): Pick<RedisOptions, 'username' | 'password'> {
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  };
}

function tlsOf(url: string, { tls }: RedisConfig) {
  return url.startsWith('rediss:') ? tlsOptions(tls) : undefined;
}
