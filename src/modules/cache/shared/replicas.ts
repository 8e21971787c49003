import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Event } from '../../../common/event.js';
import type { RedisClient } from '../../redis/redis-client.js';
import { RedisConnection } from '../../redis/redis.connection.js';
import { RedisSubscriber } from '../../redis/redis.subscriber.js';
import { resourceScope } from '../cache-entry.js';
import { namesOf } from '../cache-key.js';
import type { ResourceName } from '../invalidation.js';
import { ALL, ANY, COUNT, EPOCH, fieldOf, keysOf, newWord, PURGES, wordKey } from './generations.js';
import { Heard } from './heard.js';
import { REMEMBERED, RedisStore } from './redis-store.js';

/** Something that is void from now on. */
export interface Notice {
  /** As in `Slot`, `*` for everything, or a key behind `KEY`. */
  readonly scope: string;
  /** By order, and not by an unsafe method: no answer that is under way is stored. */
  readonly isPurge: boolean;
}

/** Before a key: that alone is void, with its variants. */
export const KEY = 'k:';

const CHANNEL = 'cache';
/** More that Redis could not be told, and everything is purged once it can. */
const MAX_PENDING = 1_000;
/** Milliseconds. */
const RETRY = 200;
/** More fields than this, and what they tell is told by purging everything instead. */
const MAX_FIELDS = 100_000;
const EVERYTHING: Notice = { scope: '*', isPurge: true };

/**
 * Tells Redis and the other gateways what is void, and hears it from them. While Redis is away it remembers, and what
 * it has not told counts all the same: nothing of it is read from Redis.
 */
@Injectable()
export class Replicas implements OnApplicationBootstrap, OnApplicationShutdown {
  /** Another gateway has said it. */
  readonly heard = new Event<Notice>();
  /** Others may have said something that did not arrive. */
  readonly cutOff = new Event<void>();

  private readonly id = randomUUID();
  private readonly pending = new Map<string, Notice>();
  private readonly seen = new Heard();
  private isTelling = false;
  private isUnsure = false;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @Inject(RedisSubscriber) private readonly subscriber: RedisSubscriber,
    @Inject(RedisStore) private readonly store: RedisStore,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.redis.isConfigured) return;
    this.redis.changed.on(({ up }) => {
      if (up) this.catchUp();
    });
    this.store.forgotten.on(() => void this.begin());
    await this.subscriber.subscribe(CHANNEL, {
      onMessage: (message) => this.onMessage(message),
      onSubscribed: () => void this.compare(),
    });
  }

  onApplicationShutdown(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  /** May what Redis has of it be used? Not before Redis knows what this gateway does. */
  isTold(resource: ResourceName): boolean {
    if (this.pending.size === 0) return true;
    if (this.pending.has(resourceScope(resource))) return false;
    for (const { isPurge } of this.pending.values()) if (isPurge) return false;
    return true;
  }

  tell(notice: Notice): void {
    if (!this.redis.isConfigured) return;
    const { scope } = notice;
    const isPurge = notice.isPurge || this.pending.get(scope)?.isPurge === true;
    this.pending.delete(scope);
    this.pending.set(scope, { scope, isPurge });
    if (this.pending.size > MAX_PENDING) {
      this.pending.clear();
      this.pending.set(EVERYTHING.scope, EVERYTHING);
    }
    void this.flush();
  }

  private async flush(): Promise<void> {
    if (this.isTelling) return;
    this.isTelling = true;
    try {
      for (const [scope, notice] of this.pending) {
        const told = await this.redis.run((client) => this.publish(client, notice));
        if (told === undefined) {
          this.retry();
          return;
        }
        // It may have become void once more meanwhile.
        if (this.pending.get(scope) === notice) this.pending.delete(scope);
      }
    } finally {
      this.isTelling = false;
    }
  }

  private catchUp(): void {
    if (this.isUnsure) void this.compare();
    void this.flush();
  }

  /** After a command that failed; when Redis is away, its coming back is what is waited for. */
  private retry(): void {
    if (this.isClosed || !this.redis.isUp) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.catchUp(), RETRY).unref();
  }

  private async publish(client: RedisClient, { scope, isPurge }: Notice): Promise<true> {
    const words: string[] = isPurge ? [ANY, newWord()] : [];
    if (scope === '*') {
      words.push(ALL, newWord());
    } else if (scope.startsWith(KEY)) {
      const key = scope.slice(KEY.length);
      await client.del(keysOf(key, resourceScope(namesOf(key).resource)).entry);
    } else if (scope.startsWith('u:')) {
      // Those that hold the resource make it live longer.
      await client.set(wordKey(scope), newWord(), 'PX', REMEMBERED);
    } else {
      words.push(fieldOf(scope), newWord());
    }
    if (words.length > 0) {
      if ((await client.hlen(PURGES)) > MAX_FIELDS) return this.startAnew(client);
      await client.hset(PURGES, ...words);
    }
    const count = await client.hincrby(PURGES, COUNT, 1);
    if (!this.seen.add(count)) this.cutOff.emit();
    await client.publish(this.redis.channel(CHANNEL), JSON.stringify([this.id, count, scope, isPurge]));
    return true;
  }

  /** Purges everything instead of remembering more. */
  private async startAnew(client: RedisClient): Promise<true> {
    await client.del(PURGES);
    await this.name(client);
    return this.publish(client, EVERYTHING);
  }

  private async name(client: RedisClient): Promise<void> {
    await client.hsetnx(PURGES, EPOCH, newWord());
    await client.hsetnx(PURGES, ALL, newWord());
  }

  private onMessage(message: string): void {
    const said = parse(message);
    if (!said || said.from === this.id) return;
    this.heard.emit(said);
    if (!this.seen.add(said.count)) this.cutOff.emit();
  }

  /** Finds out whether everything that was said has been heard. */
  private async compare(): Promise<void> {
    const words = await this.redis.run(async (client) => {
      await this.name(client);
      return client.hmget(PURGES, EPOCH, COUNT);
    });
    this.isUnsure = words === undefined;
    if (this.isUnsure) this.retry();
    if (words && !this.seen.isAllOf(words[0] ?? '', Number(words[1] ?? 0))) this.cutOff.emit();
  }

  /** After a loss of all data: nothing that is in Redis counts before there is a word for it. */
  private async begin(): Promise<void> {
    await this.redis.run((client) => this.name(client));
  }
}

function parse(message: string): (Notice & { readonly from: string; readonly count: number }) | undefined {
  try {
    const said: unknown = JSON.parse(message);
    if (!Array.isArray(said)) return undefined;
    const [from, count, scope, isPurge] = said as unknown[];
    if (typeof from !== 'string' || typeof scope !== 'string' || typeof isPurge !== 'boolean')
      return undefined;
    return Number.isSafeInteger(count) ? { from, count: Number(count), scope, isPurge } : undefined;
  } catch {
    return undefined;
  }
}
