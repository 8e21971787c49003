import { optional, prefault, z } from 'zod';
import { tlsSchema } from './network.js';
import { isDecodable } from './http.js';
import { integer, positiveDuration, text, textLike } from './scalars.js';

/** Scheme, credentials, authority and database. Other parts of a URL mean nothing to Redis. */
const REDIS_URL = /^rediss?:\/\/(?:[^/?#@\s]*@)?[^/?#@\s]+(\/\d{0,5})?$/;

function redisUrl(expected: string, accepts: (url: URL) => boolean = () => true) {
  return textLike(REDIS_URL, expected).refine((written) => {
    const url = URL.parse(written);
    return url !== null && url.hostname !== '' && isDecodable(url.username + url.password) && accepts(url);
  }, expected);
}

const SERVER =
  'a Redis URL such as redis://cache:6379 or rediss://user:password@cache:6380/1, or "" for none (in a password, characters such as / # @ % are percent-encoded; or use `redis.password`)';
const NODE =
  'a Redis URL without a database, such as redis://cache-1:6379 or rediss://user:password@cache-1:6380';
const nodes = z
  .array(redisUrl(NODE, ({ pathname }) => pathname === '' || pathname === '/'))
  .min(1, 'at least one node')
  .refine(
    (urls) => new Set(urls.map((url) => url.split(':')[0])).size === 1,
    'URLs of one scheme: all redis:// or all rediss://',
  );

const sentinelSchema = z.strictObject({
  name: text('the name of a master').describe('Name of the master that the sentinels watch.'),
  nodes: nodes.describe(
    'The sentinels, as redis:// URLs or, for TLS to them and to the servers, rediss:// URLs.',
  ),
  username: optional(z.string()).describe('User name at the servers.'),
  password: optional(z.string()).describe(
    'Password at the servers. The password of a sentinel is part of its URL.',
  ),
  database: prefault(integer(0, 65_535, 'the number of a database'), 0).describe(
    'Number of the database at the servers.',
  ),
});

/** `checks/server.ts` reports more than one of `url`, `cluster` and `sentinel`. */
export const redisSchema = z.strictObject({
  url: prefault(z.union([z.literal(''), redisUrl(SERVER)], SERVER), '').describe(
    'A single server, as a redis:// URL or, over TLS, a rediss:// URL. An empty text means that there is none.',
  ),
  cluster: optional(nodes).describe(
    'Some nodes of a Redis Cluster, from which the others are discovered. The credentials of the first apply to all.',
  ),
  sentinel: optional(sentinelSchema).describe(
    'A master and its replicas, which are discovered by asking sentinels.',
  ),
  username: optional(z.string()).describe(
    'User name for `url` or `cluster`, in place of the one in the URL.',
  ),
  password: optional(z.string()).describe(
    'Password for `url` or `cluster`, in place of the one in the URL, where it has to be percent-encoded.',
  ),
  tls: optional(tlsSchema).describe('TLS settings for rediss:// URLs.'),
  // A brace would be a hash tag in the keys of a cluster.
  keyPrefix: prefault(
    textLike(/^[\w:.-]*$/, 'letters, digits, ":", ".", "_" and "-"'),
    'breakwater:',
  ).describe('Prefix of all keys and channels. Gateways with the same prefix share their state.'),
  connectTimeout: positiveDuration('1s').describe('Time limit for opening a connection.'),
  commandTimeout: positiveDuration('50ms').describe(
    'How long a request waits for Redis before it continues without it.',
  ),
});
