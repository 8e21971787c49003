import { Inject, Injectable } from '@nestjs/common';
import type { CacheManagerStore } from 'cache-manager';
import { redisInsStore } from 'cache-manager-ioredis-yet';
import type { Clock } from '../../../common/clock.js';
import { Event } from '../../../common/event.js';
import { CLOCK } from '../../config/config.tokens.js';
import type { RedisClient } from '../../redis/redis-client.js';
import { RedisConnection } from '../../redis/redis.connection.js';
import { resourceScope, routeScope, type Slot } from '../cache-entry.js';
import { namesOf } from '../cache-key.js';
import { decode, encode } from './entry-codec.js';
import { ALL, ANY, fieldOf, type Generations, holdResource, keysOf, newWord, PURGES } from './generations.js';

/** What a tier of the cache holds of a key: perhaps nothing, and still the generations to store an answer with. */
export interface Tiered {
  readonly slot?: Slot;
  readonly generations?: Generations;
}

/** Milliseconds. Longer lives are cut to it in Redis, and only there. */
const LONGEST_LIFE = 86_400_000;
/** Words outlive the entries that carry them. */
const MARGIN = 60_000;
/** Milliseconds that an invalidation is remembered of a resource of which nothing is stored. */
export const REMEMBERED = 600_000;

/**
 * Stored responses in Redis, as a store of cache-manager. `cache-manager-ioredis-yet` writes values as JSON text; this
 * one has its client write bytes. Nothing here throws or waits beyond `commandTimeout`.
 */
@Injectable()
export class RedisStore implements CacheManagerStore {
  readonly name = 'redis';
  /** An entry was not what was written for its key, and is gone. */
  readonly corrupted = new Event<void>();
  /** Redis has forgotten what is purged, and so all else. */
  readonly forgotten = new Event<void>();

  constructor(
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  get isUp(): boolean {
    return this.redis.isUp;
  }

  /** One round trip; another one for an entry with surrogate keys. */
  async get(key: string): Promise<{ value: Tiered } | undefined> {
    const readAt = this.clock.now();
    const { route, resource } = namesOf(key);
    const { entry, word } = keysOf(key, resourceScope(resource));
    const tiered = await this.redis.run(async (client): Promise<Tiered> => {
      const [left, [bytes, resourceWord], [all, any = null, routeWord = null]] = await Promise.all([
        // Before the entry: a newer one must not lend its time to an older one.
        client.pttl(entry),
        client.mgetBuffer(entry, word),
        client.hmget(PURGES, ALL, ANY, fieldOf(routeScope(route))),
      ]);
      if (all === null || all === undefined) {
        this.forgotten.emit();
        return {};
      }
      const generations: Generations = {
        all,
        any,
        route: routeWord,
        resource: resourceWord?.toString() ?? null,
        candidate: newWord(),
        readAt,
      };
      if (!bytes) return { generations };
      const read = decode(key, bytes, { now: this.clock.now(), wall: this.clock.wall(), left });
      if (!read) {
        this.corrupted.emit();
        await store(client).del(entry);
        return { generations };
      }
      const [storedAll, storedRoute, storedResource, ...storedTags] = read.generations;
      const isCurrent =
        storedAll === all &&
        storedRoute === routeWord &&
        storedResource === generations.resource &&
        generations.resource !== null &&
        (await areTags(client, tagFields(read.slot), storedTags));
      return isCurrent ? { slot: read.slot, generations } : { generations };
    });
    return tiered && { value: tiered };
  }

  async set(key: string, { value: { slot, generations } }: { value: Tiered }): Promise<void> {
    const life = slot && Math.min(Math.floor(slot.keepFor), LONGEST_LIFE);
    if (!slot || !life || !generations || this.mayBeForgotten(generations)) return;
    const { entry, word } = keysOf(key, resourceScope(namesOf(key).resource));
    const wall = this.clock.wall();
    await this.redis.run(async (client) => {
      const fields = tagFields(slot);
      let tags: (string | null)[] = [];
      if (fields.length > 0) {
        const [any = null, ...words] = await client.hmget(PURGES, ANY, ...fields);
        // Something was purged while the answer was under way: perhaps one of its tags.
        if (any !== generations.any) return;
        tags = words;
      }
      if (!(await holdResource(client, word, generations, life + MARGIN))) return;
      const words = [generations.all, generations.route, generations.resource, ...tags];
      await client.set(entry, encode(key, slot, { generations: words, wall, life }), 'PX', life);
    });
  }

  async del(key: string): Promise<void> {
    const { entry } = keysOf(key, resourceScope(namesOf(key).resource));
    await this.redis.run((client) => store(client).del(entry));
  }

  async ttl(key: string): Promise<number> {
    const { entry } = keysOf(key, resourceScope(namesOf(key).resource));
    return (await this.redis.run((client) => store(client).ttl(entry))) ?? -2;
  }

  async mget(...keys: string[]): Promise<unknown[]> {
    return Promise.all(keys.map((key) => this.get(key)));
  }

  async mset(): Promise<void> {}

  async mdel(...keys: string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.del(key)));
  }

  async keys(): Promise<string[]> {
    return [];
  }

  /** Not this: others may use the database too. A purge is told by generations. */
  async reset(): Promise<void> {}

  /** An invalidation since then may have been forgotten again. */
  private mayBeForgotten({ resource, readAt }: Generations): boolean {
    return resource === null && this.clock.now() - readAt > REMEMBERED / 2;
  }
}

const stores = new WeakMap<RedisClient, CacheManagerStore>();

function store(client: RedisClient): CacheManagerStore {
  // Its types extend one that this version of cache-manager calls by another name.
  const known = stores.get(client) ?? (redisInsStore(client) as unknown as CacheManagerStore);
  stores.set(client, known);
  return known;
}

function tagFields({ scopes }: Slot): string[] {
  return scopes.filter((scope) => scope.startsWith('t:')).map(fieldOf);
}

async function areTags(
  client: RedisClient,
  fields: readonly string[],
  stored: readonly (string | null)[],
): Promise<boolean> {
  if (fields.length === 0) return true;
  const words = await client.hmget(PURGES, ...fields);
  return words.every((word, index) => word === stored[index]);
}
