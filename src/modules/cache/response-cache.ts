import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.js';
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
import type { ResourceName } from './invalidation.js';
import { MemoryStore } from './memory-store.js';
import { ageOf } from './reuse.js';
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

/** Responses by key and variant. It knows where they are, and nothing of whether they may be used. */
@Injectable()
export class ResponseCache {
  private readonly memory: MemoryStore;
  /** Of the newest ones: answers that are under way are few. */
  private readonly invalidatedAt = new LRUCache<string, number>({ max: 10_000 });
  private purgedAt = -1;

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.memory = new MemoryStore(config.current.cache.maxBytes);
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

  /** Is there an answer to another variant of this request? */
  hasVariants(key: string): boolean {
    return this.slot(key)?.kind === 'variants';
  }

  /** @param fields those that tell variants of this response apart (RFC 9111 section 4.1) */
  put(key: string, entry: CacheEntry, fields: readonly string[], exchange: Exchange): void {
    const known = this.slot(key);
    const index = known?.kind === 'variants' ? known : undefined;
    if (fields.length === 0 && !index) {
      this.memory.set(key, entry);
      return;
    }
    const current = this.indexFor(key, index, fields, entry);
    const scope = variantsScope(current);
    this.memory.set(variantKey(key, current, exchange), { ...entry, scopes: [...entry.scopes, scope] });
    const variants = this.memory.keysOf(scope);
    if (variants.size > MAX_VARIANTS) {
      const [oldest] = variants;
      if (oldest !== undefined) this.memory.delete(oldest);
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
    const slot = this.slot(key);
    this.memory.delete(slot?.kind === 'variants' ? variantKey(key, slot, exchange) : key);
  }

  /** Drops every user's copies of every variant, whatever route they came by (RFC 9111 section 4.4). */
  invalidate(resource: ResourceName): void {
    this.invalidatedAt.set(resourceScope(resource), this.clock.now());
    this.dropScope(resourceScope(resource));
  }

  /** @returns how many responses were dropped */
  purge(what: Purge): number {
    this.purgedAt = this.clock.now();
    switch (what.by) {
      case 'all':
        return this.dropAll();
      case 'key':
        return this.dropKey(what.key);
      default:
        return this.dropScope(scopeOf(what));
    }
  }

  /** @returns the oldest of those that a purge would drop */
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

  /** Variants are told apart by all fields that any of them named: that can only keep apart what might differ. */
  private indexFor(
    key: string,
    known: VariantIndex | undefined,
    fields: readonly string[],
    { storedAt, keepFor, scopes }: CacheEntry,
  ): VariantIndex {
    const all = known ? [...new Set([...known.fields, ...fields])].toSorted() : fields;
    const isSame = known?.fields.length === all.length;
    const index: VariantIndex = {
      kind: 'variants',
      fields: all,
      generation: isSame ? known.generation : randomUUID(),
      bytes: indexSize(all),
      storedAt,
      keepFor: Math.max(keepFor, known ? known.keepFor - (storedAt - known.storedAt) : 0),
      // Not by tags: those are of one variant.
      scopes: scopes.filter((scope) => !scope.startsWith('t:')),
    };
    this.memory.set(key, index);
    return index;
  }
}

function scopeOf(what: Exclude<Purge, { by: 'all' | 'key' }>): string {
  switch (what.by) {
    case 'route':
      return routeScope(what.route);
    case 'url':
      return resourceScope(what.resource);
    case 'tag':
      return tagScope(what.tag);
    default:
      return what satisfies never;
  }
}

/** What `variantKey` puts before a key. */
const VARIANT = /^[0-9a-f-]{36} [\w-]{43} /;

function variantKey(key: string, { fields, generation }: VariantIndex, { req, identity }: Exchange): string {
  return `${generation} ${variantOf(fields, req, identity?.upstreamHeaders)} ${key}`;
}

function variantsScope({ generation }: VariantIndex): string {
  return `v:${generation}`;
}
