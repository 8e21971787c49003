import { z } from 'zod';
import { integer, text } from './scalars.js';
import { tlsSchema } from './tls.js';
import { positiveDuration } from './units.js';

/** Scheme, credentials, authority, database; whatever else a URL may have means nothing to Redis. */
const REDIS_URL = /^rediss?:\/\/(?:[^/?#@\s]*@)?[^/?#@\s]+(\/\d{0,5})?$/;

/** @param expected what is allowed, as a message says it */
function redisUrl(expected: string, accepts: (url: URL) => boolean = () => true) {
  return z.string(expected).refine((written) => {
    const url = REDIS_URL.test(written) ? URL.parse(written) : null;
    return url !== null && url.hostname !== '' && canDecode(url.username + url.password) && accepts(url);
  }, expected);
}

function canDecode(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const SERVER =
  'a Redis URL such as redis://cache:6379 or rediss://user:password@cache:6380/1, or "" for none';
const NODE =
  'a Redis URL without a database, such as redis://cache-1:6379 or rediss://user:password@cache-1:6380';
const node = () => redisUrl(NODE, ({ pathname }) => pathname === '' || pathname === '/');

const sameScheme = (urls: readonly string[]) => new Set(urls.map((url) => url.split(':')[0])).size === 1;
const ONE_SCHEME = 'URLs of one scheme: all redis:// or all rediss://';

const nodes = () => z.array(node()).min(1, 'at least one node').refine(sameScheme, ONE_SCHEME);

const sentinelSchema = z.strictObject({
  name: text('the name of a master').describe('Name of the master that the sentinels watch. Required.'),
  nodes: nodes().describe(
    'The sentinels: redis:// or, for TLS to them and to the servers, rediss:// URLs. Required.',
  ),
  username: z.string().optional().describe('User name at the servers. Default: none.'),
  password: z.string().optional().describe('Password at the servers; that of a sentinel is in its URL.'),
  database: integer(0, 65_535, 'the number of a database')
    .prefault(0)
    .describe('Number of the database at the servers. Default 0.'),
});

/** Which of them may stand together is checked in `checks/redis.ts`. */
export const redisSchema = z.strictObject({
  url: z
    .union([z.literal(''), redisUrl(SERVER)], SERVER)
    .prefault('')
    .describe('A single server: redis:// or, over TLS, rediss://. Empty: none. Default none.'),
  cluster: nodes()
    .optional()
    .describe('Some nodes of a Redis Cluster, which tell the others; the credentials of the first are used.'),
  sentinel: sentinelSchema.optional().describe('A master and its replicas, found by asking sentinels.'),
  tls: tlsSchema.optional().describe('How TLS is spoken, where the URLs say rediss://.'),
  keyPrefix: z
    .string()
    .regex(/^[\w:.-]*$/, 'letters, digits, ":", ".", "_" and "-"')
    .prefault('breakwater:')
    .describe('What all keys and channels begin with. Gateways that share it share. Default breakwater:.'),
  connectTimeout: positiveDuration()
    .prefault('1s')
    .describe('How long a connection may take. Duration; default 1s.'),
  commandTimeout: positiveDuration()
    .prefault('50ms')
    .describe('How long a request waits for Redis before it goes on without. Duration; default 50ms.'),
});
