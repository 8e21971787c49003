import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import type { Clock } from '../../common/clock.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import type { Exchange } from '../routing/exchange.js';
import {
  type CacheEntry,
  indexSize,
  resourceScope,
  routeScope,
  type Slot,
  tagScope,
  type VariantIndex,
} from './cache-entry.js';
import { namesOf } from './cache-key.js';
import type { ResourceName } from './invalidation.js';
import { MemoryStore } from './memory-store.js';
import { Recent } from './recent.js';
import { ageOf } from './reuse.js';
import type { Generations } from './shared/generations.js';
import { RedisStore, type Tiered } from './shared/redis-store.js';
import { KEY, type Notice, Replicas } from './shared/replicas.js';
import { tiersOf } from './shared/tiers.js';
import { variantOf } from './vary.js';

/** More of one resource and user, and the oldest goes. */
const MAX_VARIANTS = 32;

export type Purge =
  | { readonly by: 'route'; readonly route: string }
  | { readonly by: 'url'; readonly resource: ResourceName }
  | { readonly by: 'tag'; readonly tag: string }
  | { readonly by: 'key'; readonly key: string }
  | { readonly by: 'all' };

/** What an operator sees of a stored response. */
export interface StoredEntry {
  /** Of one resource, route and user, whatever the variant. */
  readonly key: string;
  readonly status: number;
  readonly bytes: number;
  /** Seconds. */
  readonly age: number;
  /** Seconds; below zero when it is stale. */
  readonly ttl: number;
}

/** What looks behind the memory for one request, perhaps several times. */
interface Reader {
  readonly exchange: Exchange;
  /** Nobody waits for it any more. */
  isLate: boolean;
}

/** Responses by key and variant. It knows where they are, and nothing of whether they may be used. */
@Injectable()
export class ResponseCache {
  private readonly memory: MemoryStore;
  private readonly tiers: Cache;
  private readonly reading = new Map<string, Promise<Tiered>>();
  /** Known when an upstream is asked, and needed to share its answer. */
  private readonly generations = new WeakMap<Exchange | Slot, Generations>();
  /** Of the newest ones: answers that are under way are few. */
  private readonly invalidatedAt = new Recent<number>(10_000);
  private purgedAt = -1;
  /** Milliseconds. */
  private readonly patience: number;

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RedisConnection) redis: RedisConnection,
    @Inject(RedisStore) private readonly shared: RedisStore,
    @Inject(Replicas) private readonly replicas: Replicas,
  ) {
    this.memory = new MemoryStore(config.current.cache.maxBytes);
    this.patience = config.current.redis.commandTimeout;
    const behind = redis.isConfigured ? shared : undefined;
    this.tiers = tiersOf(
      this.memory,
      behind,
      clock,
      (key, { storedAt }) => !this.isOutdated(namesOf(key).resource, storedAt),
    );
    replicas.heard.on((notice) => this.apply(notice));
    // What others said meanwhile may have been about anything.
    replicas.cutOff.on(() => this.apply({ scope: '*', isPurge: true }));
  }

  /** What is kept in memory. */
  get bytes(): number {
    return this.memory.bytes;
  }

  /** @returns what is stored for this request, usable or not */
  find(key: string, exchange: Exchange): CacheEntry | undefined {
    const slot = this.slot(key);
    if (slot?.kind !== 'variants') return slot;
    const variant = this.slot(variantKey(key, slot, exchange));
    return variant?.kind === 'response' ? variant : undefined;
  }

  /**
   * Brings what the tiers behind the memory have for this request into it. Requests for the same share one read.
   *
   * @returns what was found, also when the memory has no room for it, within `commandTimeout`; no promise when there is
   *   nothing to wait for: no Redis, or none that answers
   */
  read(key: string, exchange: Exchange): Promise<CacheEntry | undefined> | undefined {
    if (!this.shared.isUp || !this.replicas.isTold(namesOf(key).resource)) return undefined;
    return this.readInTime(key, exchange);
  }

  /** @returns the key of what `find` looks for: that of the variant, if it is known what tells variants apart */
  nameOf(key: string, exchange: Exchange): string {
    const slot = this.slot(key);
    return slot?.kind === 'variants' ? variantKey(key, slot, exchange) : key;
  }

  /** Is there an answer to another variant of this request? */
  hasVariants(key: string): boolean {
    return this.slot(key)?.kind === 'variants';
  }

  /**
   * @param fields those that tell variants of this response apart (RFC 9111 section 4.1)
   * @returns when it can be found
   */
  async put(key: string, entry: CacheEntry, fields: readonly string[], exchange: Exchange): Promise<void> {
    const known = this.slot(key);
    const index = known?.kind === 'variants' ? known : undefined;
    const before = this.find(key, exchange);
    const generations =
      this.generations.get(exchange) ?? (before === undefined ? before : this.generations.get(before));
    if (fields.length === 0 && !index) {
      await this.store(key, entry, generations);
      return;
    }
    const current = indexOf(index, fields, entry);
    const scope = variantsScope(current);
    const variant = { ...entry, scopes: [...entry.scopes, scope] };
    await Promise.all([
      this.store(key, current, generations),
      this.store(variantKey(key, current, exchange), variant, generations),
    ]);
    const variants = this.memory.keysOf(scope);
    if (variants.size > MAX_VARIANTS) {
      const [oldest] = variants;
      if (oldest !== undefined) this.delete(oldest);
    }
  }

  /**
   * Was the resource invalidated, or anything purged, after that time? An answer asked for before may be the old one.
   *
   * @param time monotonic milliseconds
   */
  isOutdated(resource: ResourceName, time: number): boolean {
    return this.purgedAt >= time || (this.invalidatedAt.get(resourceScope(resource)) ?? -1) >= time;
  }

  /** Drops what is stored for this request. */
  drop(key: string, exchange: Exchange): void {
    this.delete(this.nameOf(key, exchange));
  }

  /** Drops every user's copies of every variant, whatever route they came by (RFC 9111 section 4.4). */
  invalidate(resource: ResourceName): void {
    this.announce({ scope: resourceScope(resource), isPurge: false });
  }

  /** @returns how many responses were dropped here; other gateways and Redis drop theirs uncounted */
  purge(what: Purge): number {
    return this.announce({ scope: scopeOf(what), isPurge: true });
  }

  /** @returns the oldest of those that a purge would drop here */
  list(what: Exclude<Purge, { by: 'all' | 'key' }>, limit: number): StoredEntry[] {
    const entries: StoredEntry[] = [];
    for (const key of this.memory.keysOf(scopeOf(what))) {
      if (entries.length === limit) break;
      const slot = this.slot(key);
      if (slot?.kind !== 'response') continue;
      const age = ageOf(slot, this.clock.now());
      entries.push({
        key: key.replace(VARIANT, ''),
        status: slot.status,
        bytes: slot.bytes,
        age: Math.floor(age / 1000),
        ttl: Math.floor((slot.lifetime - age) / 1000),
      });
    }
    return entries;
  }

  private announce(notice: Notice): number {
    const dropped = this.apply(notice);
    this.replicas.tell(notice);
    return dropped;
  }

  private apply({ scope, isPurge }: Notice): number {
    if (isPurge) this.purgedAt = this.clock.now();
    else this.invalidatedAt.set(scope, this.clock.now());
    if (scope === '*') return this.dropAll();
    return scope.startsWith(KEY) ? this.dropKey(scope.slice(KEY.length)) : this.dropScope(scope);
  }

  private async readInTime(key: string, exchange: Exchange): Promise<CacheEntry | undefined> {
    const reader: Reader = { exchange, isLate: false };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        reader.isLate = true;
        resolve(undefined);
      }, this.patience);
    });
    try {
      return await Promise.race([this.readAll(key, reader), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async readAll(key: string, reader: Reader): Promise<CacheEntry | undefined> {
    const known = this.slot(key);
    const slot = known?.kind === 'variants' ? known : await this.readOne(key, reader);
    if (slot?.kind !== 'variants') return slot;
    if (reader.isLate) return undefined;
    const variant = await this.readOne(variantKey(key, slot, reader.exchange), reader);
    return variant?.kind === 'response' ? variant : undefined;
  }

  private async readOne(key: string, reader: Reader): Promise<Slot | undefined> {
    let reading = this.reading.get(key);
    if (!reading) {
      reading = this.fetch(key).finally(() => this.reading.delete(key));
      this.reading.set(key, reading);
    }
    const { slot, generations } = await reading;
    // Words read after the upstream was asked would make an answer count that was void before.
    if (generations && !reader.isLate) this.generations.set(reader.exchange, generations);
    return slot;
  }

  private async fetch(key: string): Promise<Tiered> {
    const since = this.clock.now();
    const { slot, generations } = (await this.tiers.get<Tiered>(key)) ?? {};
    if (!slot || !generations) return { slot, generations };
    const known = this.slot(key);
    if (known && known.storedAt >= slot.storedAt) return { slot: known, generations };
    // It may have become void while it was on its way.
    if (this.isOutdated(namesOf(key).resource, since)) return { generations };
    this.generations.set(slot, generations);
    this.memory.set(key, slot);
    return { slot, generations };
  }

  private async store(key: string, slot: Slot, generations: Generations | undefined): Promise<void> {
    if (generations) this.generations.set(slot, generations);
    await this.tiers.set<Tiered>(key, { slot, generations });
  }

  /** From memory at once: nobody may find it any more. */
  private delete(key: string): void {
    this.memory.delete(key);
    void this.tiers.del(key);
  }

  private dropKey(key: string): number {
    const slot = this.memory.get(key);
    const dropped = slot?.kind === 'variants' ? this.dropScope(variantsScope(slot)) : 0;
    this.memory.delete(key);
    return slot?.kind === 'response' ? 1 : dropped;
  }

  private dropAll(): number {
    const { responses } = this.memory;
    this.memory.clear();
    return responses;
  }

  private dropScope(scope: string): number {
    let dropped = 0;
    // A set may lose what it is at.
    for (const key of this.memory.keysOf(scope)) {
      if (this.memory.get(key)?.kind === 'response') dropped++;
      this.memory.delete(key);
    }
    return dropped;
  }

  private slot(key: string): Slot | undefined {
    const slot = this.memory.get(key);
    if (!slot || this.clock.now() - slot.storedAt <= slot.keepFor) return slot;
    this.memory.delete(key);
    return undefined;
  }
}

/** Variants are told apart by all fields that any of them named: that can only keep apart what might differ. */
function indexOf(
  known: VariantIndex | undefined,
  fields: readonly string[],
  { storedAt, keepFor, scopes }: CacheEntry,
): VariantIndex {
  const all = known ? [...new Set([...known.fields, ...fields])].toSorted() : fields;
  const isSame = known?.fields.length === all.length;
  return {
    kind: 'variants',
    fields: all,
    generation: isSame ? known.generation : randomUUID(),
    bytes: indexSize(all),
    storedAt,
    keepFor: Math.max(keepFor, known ? known.keepFor - (storedAt - known.storedAt) : 0),
    // Not by tags: those are of one variant.
    scopes: scopes.filter((scope) => !scope.startsWith('t:')),
  };
}

function scopeOf(what: Purge): string {
  switch (what.by) {
    case 'all':
      return '*';
    case 'route':
      return routeScope(what.route);
    case 'url':
      return resourceScope(what.resource);
    case 'tag':
      return tagScope(what.tag);
    case 'key':
      return KEY + what.key;
    default:
      return what satisfies never;
  }
}

/** What `variantKey` puts before a key. */
const VARIANT = /^[0-9a-f-]{36} [\w-]{43} /;

function variantKey(key: string, index: VariantIndex, { req, identity, head }: Exchange): string {
  return `${index.generation} ${variantOf(index.fields, req, identity?.upstreamHeaders, head.peerTrusted)} ${key}`;
}

function variantsScope({ generation }: VariantIndex): string {
  return `v:${generation}`;
}
