import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import type { Exchange } from '../routing/exchange.js';
import {
  type CacheEntry,
  EVERYTHING,
  type Found,
  indexSize,
  keyOfScope,
  keyScope,
  resourceScope,
  type Slot,
  type VariantIndex,
} from './cache-entry.js';
import { namesOf, plainKey, type ResourceName, shortHash, variantKey } from './cache-key.js';
import { MemoryStore } from './memory-store.js';
import { ageOf, expired } from './reuse.js';
import type { Generations } from './shared/generations.js';
import { type Invalidation, InvalidationChannel } from './shared/invalidation-channel.js';
import { RedisStore } from './shared/redis-store.js';
import { variantFor } from './vary.js';

/** Of one resource and user; beyond that, the oldest variant is dropped. */
const MAX_VARIANTS = 32;
/** Remembered for the answers that are under way, which are fewer. */
const MAX_INVALIDATIONS = 10_000;

/** What an operator sees of a stored response. */
export interface StoredEntry {
  /** Shared by all variants of a resource for one route and user. */
  readonly key: string;
  readonly status: number;
  readonly bytes: number;
  /** Seconds. */
  readonly age: number;
  /** Seconds; below zero when it is stale. */
  readonly ttl: number;
}

/** Responses by key and variant, in memory and in the shared tier. Whether they may be used is decided elsewhere. */
@Injectable()
export class ResponseCache {
  /** Whether `read` may find more than `find`: there is a Redis. */
  readonly hasSharedTier: boolean;
  private readonly memory: MemoryStore;
  /** What was read before an upstream was asked, and is needed to share its answer. */
  private readonly generations = new WeakMap<Exchange | Slot, Generations>();
  /** When scopes were invalidated, by their hash. */
  private readonly invalidatedAt = new LRUCache<string, number>({ max: MAX_INVALIDATIONS });
  private purgedAt = -1;

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RedisStore) private readonly shared: RedisStore,
    @Inject(InvalidationChannel) private readonly channel: InvalidationChannel,
  ) {
    this.hasSharedTier = shared.isConfigured;
    this.memory = new MemoryStore(config.current.cache.maxBytes);
    config.register({
      prepare:
        ({ cache }) =>
        () =>
          this.memory.resize(cache.maxBytes),
    });
    channel.received.on((invalidation) => this.apply(invalidation));
    channel.doubted.on(() => this.expire());
  }

  get bytes(): number {
    return this.memory.bytes;
  }

  find(key: string, exchange: Exchange): Found {
    const slot = this.slot(key);
    if (slot?.kind !== 'variants') return { entry: slot, name: key, hasVariants: false };
    const name = nameOf(key, slot, exchange);
    const variant = this.slot(name);
    return { entry: variant?.kind === 'response' ? variant : undefined, name, hasVariants: true };
  }

  /**
   * Brings what the shared tier has for this request into memory.
   *
   * @returns what memory has now, and the entry even when memory has no room for it, within `commandTimeout`; no promise
   *   when there is nothing to wait for: memory has a fresh entry, there is no Redis, or Redis does not answer
   */
  read(key: string, exchange: Exchange): Promise<Found> | undefined {
    const { entry, name } = this.find(key, exchange);
    if (entry && ageOf(entry, this.clock.now()) < entry.lifetime) return undefined;
    if (!this.shared.isUp || !this.channel.isPublished(namesOf(key).resource)) return undefined;
    // Redis did not answer the rate limits of this request in time, and is not waited for again.
    if (exchange.rateLimit?.isUnshared && this.shared.isSilent) return undefined;
    return this.readShared(key, exchange, name);
  }

  /**
   * Stores a response, at once in memory and in the background in Redis.
   *
   * @param fields those that tell variants of this response apart (RFC 9111 section 4.1)
   */
  put(key: string, entry: CacheEntry, fields: readonly string[], exchange: Exchange): void {
    const known = this.slot(key);
    const index = known?.kind === 'variants' ? known : undefined;
    const { entry: before } = this.find(key, exchange);
    const generations = this.generations.get(exchange) ?? (before && this.generations.get(before));
    if (fields.length === 0 && !index) {
      this.store(key, entry, generations);
      return;
    }
    const current = indexOf(index, fields, entry);
    const scope = keyScope(key);
    this.store(key, current, generations);
    const variant = { ...entry, scopes: [...entry.scopes, scope] };
    this.store(nameOf(key, current, exchange), variant, generations);
    const variants = this.memory.keysOf(scope);
    if (variants.size > MAX_VARIANTS) {
      const [oldest] = variants;
      if (oldest !== undefined) this.delete(oldest);
    }
  }

  /**
   * Tells whether the resource was invalidated, or anything purged, after that time. The answer to a request that was
   * sent before may be outdated.
   *
   * @param time monotonic milliseconds
   */
  isOutdated(resource: ResourceName, time: number): boolean {
    const invalidatedAt = this.invalidatedAt.get(shortHash(resourceScope(resource))) ?? -1;
    return this.purgedAt >= time || invalidatedAt >= time;
  }

  /** Drops what is stored for this request. */
  drop(key: string, exchange: Exchange): void {
    this.delete(this.find(key, exchange).name);
  }

  /** Drops all users' copies of all variants, on every route and gateway (RFC 9111 section 4.4). */
  invalidate(resource: ResourceName): void {
    this.announce({ scope: resourceScope(resource), isPurge: false });
  }

  /** @returns how many responses were dropped from this memory; those of other gateways and Redis are not counted */
  purge(scope: string): number {
    return this.announce({ scope, isPurge: true });
  }

  /** @returns the oldest responses of a route, a resource or a tag */
  list(scope: string, limit: number): StoredEntry[] {
    const entries: StoredEntry[] = [];
    for (const key of this.memory.keysOf(scope)) {
      if (entries.length === limit) break;
      const slot = this.slot(key);
      if (slot?.kind !== 'response') continue;
      const age = ageOf(slot, this.clock.now());
      entries.push({
        key: plainKey(key),
        status: slot.status,
        bytes: slot.bytes,
        age: Math.floor(age / 1000),
        ttl: Math.floor((slot.lifetime - age) / 1000),
      });
    }
    return entries;
  }

  private announce(invalidation: Invalidation): number {
    const dropped = this.apply(invalidation);
    this.channel.publish(invalidation);
    return dropped;
  }

  private apply({ scope, isPurge }: Invalidation): number {
    if (isPurge) this.purgedAt = this.clock.now();
    else this.invalidatedAt.set(shortHash(scope), this.clock.now());
    if (scope === EVERYTHING) return this.memory.clear();
    const key = keyOfScope(scope);
    let dropped = key === undefined ? 0 : this.memory.delete(key);
    // A set may lose the element that is visited.
    for (const each of this.memory.keysOf(scope)) dropped += this.memory.delete(each);
    return dropped;
  }

  /** Everything in memory has to be validated before it is used again, unless the upstream fails. */
  private expire(): void {
    const now = this.clock.now();
    // What is under way may have been invalidated as well.
    this.purgedAt = now;
    this.memory.replace((slot) => (slot.kind === 'response' ? expired(slot, now) : slot));
  }

  private async readShared(key: string, exchange: Exchange, name: string): Promise<Found> {
    const since = this.clock.now();
    const read = await this.shared.read(name, (index) => nameOf(key, index, exchange));
    if (!read?.generations) return this.find(key, exchange);
    this.generations.set(exchange, read.generations);
    let entry: CacheEntry | undefined;
    for (const [at, brought] of read.slots) {
      const known = this.slot(at);
      const isKnown = known !== undefined && known.storedAt >= brought.storedAt;
      // It may have become invalid while it was read.
      if (!isKnown && this.isOutdated(namesOf(at).resource, since)) return this.find(key, exchange);
      const slot = isKnown ? known : brought;
      if (!isKnown) this.memory.set(at, slot);
      this.generations.set(slot, read.generations);
      if (slot.kind === 'response') entry = slot;
    }
    const found = this.find(key, exchange);
    return found.entry ? found : { ...found, entry };
  }

  private store(key: string, slot: Slot, generations: Generations | undefined): void {
    this.memory.set(key, slot);
    if (!generations) return;
    this.generations.set(slot, generations);
    void this.shared.write(key, slot, generations);
  }

  private delete(key: string): void {
    this.memory.delete(key);
    if (this.hasSharedTier) void this.shared.delete(key);
  }

  private slot(key: string): Slot | undefined {
    const slot = this.memory.get(key);
    if (!slot || this.clock.now() - slot.storedAt <= slot.keepFor) return slot;
    this.memory.delete(key);
    return undefined;
  }
}

/** Variants are told apart by all fields that any of them named, which can only separate more than necessary. */
function indexOf(
  known: VariantIndex | undefined,
  fields: readonly string[],
  { storedAt, keepFor, scopes }: CacheEntry,
): VariantIndex {
  const all = known ? [...new Set([...known.fields, ...fields])].toSorted() : fields;
  return {
    kind: 'variants',
    fields: all,
    bytes: indexSize(all),
    storedAt,
    keepFor: Math.max(keepFor, known ? known.keepFor - (storedAt - known.storedAt) : 0),
    // Tags belong to a single variant.
    scopes: scopes.filter((scope) => !scope.startsWith('t:')),
  };
}

/** @returns the key of the variant that the exchange selects */
function nameOf(key: string, { fields }: VariantIndex, exchange: Exchange): string {
  return variantKey(key, variantFor(fields, exchange));
}
