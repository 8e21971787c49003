import { randomBytes } from 'node:crypto';
import type { RedisClient } from '../../redis/redis-client.js';
import { resourceScope } from '../cache-entry.js';
import { namesOf, shortHash } from '../cache-key.js';

/*
 * How any gateway invalidates stored responses in Redis without a list of them. Everything, each route, each resource
 * and each surrogate key has a generation, a random value in Redis. A response carries the generations that were read
 * before its upstream was asked, and is valid only while they are the same. A purge replaces a generation. So a response
 * that was under way during a purge is never valid, no clock is involved, and a generation that Redis has lost
 * invalidates what carries it instead of bringing it back.
 *
 * The generations that purges replace are fields of one hash, read together with each entry. That of a resource is a
 * key beside its entries, in the same slot of a cluster, and JSON: it is read by the store that reads the entries.
 */
export const PURGES = 'purges';
/** Field of `PURGES` that always exists; without it nothing in Redis is valid. */
export const ALL = 'all';
/** Identifies the data in Redis, so that other data can be told from it. */
export const EPOCH = 'epoch';
/** The number of the last invalidation. */
export const COUNT = 'count';
/**
 * Removes what purges have replaced. The epoch and the count remain: without them, other gateways would take the data for
 * lost, and would not notice that they have missed purges.
 *
 * KEYS: the hash. ARGV: the fields that remain.
 */
export const EMPTY_PURGES = `
local values = redis.call('HMGET', KEYS[1], unpack(ARGV))
redis.call('DEL', KEYS[1])
for i, value in ipairs(values) do
  if value then redis.call('HSET', KEYS[1], ARGV[i], value) end
end
`;
/** Replaced by each purge, because the surrogate keys of a response are not known before it arrives. */
export const ANY = 'any';
/** Milliseconds that the invalidation of a resource is remembered when nothing of it is stored. */
export const REMEMBERED = 600_000;

/** What was read before an upstream was asked. Earlier reads do as well, since they can only invalidate more. */
export interface Generations {
  readonly all: string;
  readonly any: string | null;
  readonly route: string | null;
  /** That of the copies of one user of one URL, in all variants. */
  readonly key: string | null;
  /** `null` when nothing of the resource is stored: whoever writes first sets it. */
  resource: string | null;
  /** Monotonic milliseconds. */
  readonly readAt: number;
}

export function newGeneration(): string {
  return randomBytes(8).toString('hex');
}

/** Precedes the generations of resources that writers have set, and not invalidations. */
const BY_WRITER = 'w';

/** @returns names that reveal no user and no token, and that one slot of a cluster holds */
export function keysOf(key: string): { entry: string; generation: string } {
  const slot = slotOf(resourceScope(namesOf(key).resource));
  return { entry: `c:${slot}${shortHash(key)}`, generation: `g:${slot}` };
}

const slotOf = (scope: string) => `{${shortHash(scope)}}`;

/** @returns the field of `PURGES` for a route or a surrogate key */
export const fieldOf = shortHash;

/** Invalidates all entries of a resource. */
export async function replaceResource(client: RedisClient, scope: string): Promise<void> {
  await client.set(`g:${slotOf(scope)}`, JSON.stringify(newGeneration()), 'PX', REMEMBERED);
}

/** @returns whether the generation of the resource is, or now becomes, that of these generations */
export async function holdResource(
  client: RedisClient,
  key: string,
  generations: Generations,
  life: number,
): Promise<boolean> {
  if (generations.resource !== null) {
    await client.pexpire(key, life, 'GT');
    return true;
  }
  const candidate = JSON.stringify(BY_WRITER + newGeneration());
  const set = await client.set(key, candidate, 'PX', life, 'NX');
  const current = set === 'OK' ? candidate : await client.get(key);
  // Another gateway has stored a response first. Had there been an invalidation, its generation would be here.
  if (!current?.startsWith(`"${BY_WRITER}`)) return false;
  generations.resource = current.slice(1, -1);
  return true;
}
