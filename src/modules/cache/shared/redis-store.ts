import { type Cache, type CacheManagerStore, createCache, KeyvAdapter } from 'cache-manager';
import { redisInsStore } from 'cache-manager-ioredis-yet';
import { Inject, Injectable } from '@nestjs/common';
import { Keyv, type StoredData } from 'keyv';
import type { Clock } from '../../../common/clock.js';
import { Event } from '../../../common/event.js';
import { CLOCK } from '../../config/config.tokens.js';
import type { RedisClient } from '../../redis/redis-client.js';
import { RedisConnection } from '../../redis/redis.connection.js';
import { keyScope, routeScope, type Slot, type VariantIndex } from '../cache-entry.js';
import { namesOf, plainKey } from '../cache-key.js';
import { decode, encode } from './entry-codec.js';
import {
  ALL,
  ANY,
  fieldOf,
  type Generations,
  holdResource,
  keysOf,
  PURGES,
  REMEMBERED,
} from './generations.js';

/** What Redis has for a request: perhaps no entry, and still the generations to store an answer with. */
export interface SharedRead {
  /** By key: an entry, the index of its variants, or both. */
  readonly slots: readonly (readonly [key: string, slot: Slot])[];
  readonly generations?: Generations;
}

const NOTHING: SharedRead = { slots: [] };
/** Milliseconds that Redis keeps an entry at most. */
const MAX_LIFE = 86_400_000;
/** Milliseconds by which a generation outlives the entries that carry it. */
const MARGIN = 60_000;

/** Stored responses in Redis. Nothing here throws or waits beyond `commandTimeout`. */
@Injectable()
export class RedisStore {
  /** An entry was not what had been written for its key, and was deleted. */
  readonly corrupted = new Event<void>();
  /** Redis has lost what was purged, and so everything else. */
  readonly forgotten = new Event<void>();
  private tier: Tier | undefined;

  constructor(
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  get isConfigured(): boolean {
    return this.redis.isConfigured;
  }

  get isUp(): boolean {
    return this.redis.isUp;
  }

  get isSilent(): boolean {
    return this.redis.isSilent;
  }

  /**
   * Takes one round trip, another one when the entry has variants, and one for surrogate keys.
   *
   * @param variantOf the key of the variant that the request selects
   * @returns `undefined` when Redis is away or too slow
   */
  async read(key: string, variantOf: (index: VariantIndex) => string): Promise<SharedRead | undefined> {
    return this.redis.run(async (client) => {
      const read = await this.readOne(client, key);
      const [, index] = read.slots[0] ?? [];
      if (index?.kind !== 'variants') return read;
      const variant = await this.readOne(client, variantOf(index));
      return { ...variant, slots: [...read.slots, ...variant.slots] };
    });
  }

  async write(key: string, slot: Slot, generations: Generations): Promise<void> {
    const life = Math.min(Math.floor(slot.keepFor), MAX_LIFE);
    // An invalidation since then may have been forgotten again.
    const mayBeForgotten =
      generations.resource === null && this.clock.now() - generations.readAt > REMEMBERED / 2;
    if (life < 1 || mayBeForgotten) return;
    const { entry, generation } = keysOf(key);
    const wall = this.clock.wall();
    await this.redis.run(async (client) => {
      const fields = tagFields(slot);
      let tags: (string | null)[] = [];
      if (fields.length > 0) {
        const [any = null, ...found] = await client.hmget(PURGES, ANY, ...fields);
        // Something was purged while the answer was under way, perhaps one of its tags.
        if (any !== generations.any) return;
        tags = found;
      }
      if (!(await holdResource(client, generation, generations, life + MARGIN))) return;
      const all = [generations.all, generations.route, generations.key, generations.resource, ...tags];
      await this.tierOf(client).cache.set(entry, encode(key, slot, { generations: all, wall, life }), life);
    });
  }

  async delete(key: string): Promise<void> {
    const { entry } = keysOf(key);
    await this.redis.run((client) => this.tierOf(client).cache.del(entry));
  }

  private async readOne(client: RedisClient, key: string, isRetry = false): Promise<SharedRead> {
    const { cache, store } = this.tierOf(client);
    const readAt = this.clock.now();
    const { entry, generation } = keysOf(key);
    const [left, [value, ofResource], [all, any = null, ofRoute = null, ofKey = null]] = await Promise.all([
      // It is read before the entry, because a newer entry must not lend its time to an older one.
      store.ttl(entry),
      cache.mget<unknown>([entry, generation]),
      client.hmget(
        PURGES,
        ALL,
        ANY,
        fieldOf(routeScope(namesOf(key).route)),
        fieldOf(keyScope(plainKey(key))),
      ),
    ]);
    if (value instanceof Error) {
      if (!(value instanceof SyntaxError)) throw value;
      // One of the two is not JSON, which most likely is the entry.
      await this.deleteCorrupted(cache, entry);
      return isRetry ? NOTHING : this.readOne(client, key, true);
    }
    if (all === null || all === undefined) {
      this.forgotten.emit();
      return NOTHING;
    }
    const generations: Generations = {
      all,
      any,
      route: ofRoute,
      key: ofKey,
      resource: typeof ofResource === 'string' ? ofResource : null,
      readAt,
    };
    // Without a time to live it was written between the two reads, by another gateway, and its age is not known.
    if (value === undefined || left < 0) return { slots: [], generations };
    const read = decode(key, value, { now: this.clock.now(), wall: this.clock.wall(), left });
    if (!read) {
      await this.deleteCorrupted(cache, entry);
      return { slots: [], generations };
    }
    const isValid = await carriesCurrent(client, read, generations);
    return { slots: isValid ? [[key, read.slot]] : [], generations };
  }

  private async deleteCorrupted(cache: Cache, entry: string): Promise<void> {
    this.corrupted.emit();
    await cache.del(entry);
  }

  private tierOf(client: RedisClient): Tier {
    return (this.tier ??= makeTier(client));
  }
}

interface Tier {
  readonly cache: Cache;
  /** For what cache-manager does not offer: the time to live by the clock of Redis. */
  readonly store: CacheManagerStore;
}

function makeTier(client: RedisClient): Tier {
  // Its types extend one that this version of cache-manager exports by another name.
  const store = redisInsStore(client) as unknown as CacheManagerStore;
  const keyv = new Keyv({
    store: new TextAdapter(store),
    // ioredis adds the configured prefix.
    useKeyPrefix: false,
    // A write that fails is counted.
    throwOnErrors: true,
    // Without Keyv's own expiry, which goes by this gateway's clock and deletes what it takes for expired.
    serialize: ({ value }) => String(value),
  });
  return { store, cache: createCache({ stores: [keyv] }) };
}

/** Gives back what was stored as it is, and the error of a read as its value: cache-manager would keep it to itself. */
class TextAdapter extends KeyvAdapter {
  constructor(private readonly store: CacheManagerStore) {
    super(store);
  }

  override async getMany<T>(keys: string[]): Promise<StoredData<T | undefined>[]> {
    // The interface promises values of any type, which the caller checks.
    const values = (await this.store.mget(...keys).catch((error: unknown) => keys.map(() => error))) as (
      T | undefined
    )[];
    return values.map((value) => (value === undefined ? undefined : { value }));
  }
}

/** Decides whether nothing that a stored slot depends on was purged or invalidated. */
async function carriesCurrent(
  client: RedisClient,
  { slot, generations }: NonNullable<ReturnType<typeof decode>>,
  current: Generations,
): Promise<boolean> {
  const [all, route, key, resource, ...tags] = generations;
  if (all !== current.all || route !== current.route || key !== current.key) return false;
  if (resource === null || resource !== current.resource) return false;
  const fields = tagFields(slot);
  const found = fields.length > 0 ? await client.hmget(PURGES, ...fields) : [];
  return found.every((generation, index) => generation === tags[index]);
}

function tagFields({ scopes }: Slot): string[] {
  return scopes.filter((scope) => scope.startsWith('t:')).map(fieldOf);
}
