import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { z } from 'zod';
import { Event } from '../../../common/event.js';
import { parseJson } from '../../../common/parse-json.js';
import type { RedisClient } from '../../redis/redis-client.js';
import { RedisConnection } from '../../redis/redis.connection.js';
import { RedisSubscriber } from '../../redis/redis.subscriber.js';
import { EVERYTHING, resourceScope } from '../cache-entry.js';
import type { ResourceName } from '../cache-key.js';
import {
  ALL,
  ANY,
  COUNT,
  EMPTY_PURGES,
  EPOCH,
  fieldOf,
  newGeneration,
  PURGES,
  replaceResource,
} from './generations.js';
import { RedisStore } from './redis-store.js';
import { SequenceLog } from './sequence-log.js';

/** Stored responses that are invalid from now on. */
export interface Invalidation {
  /** A scope as in `Slot`, `EVERYTHING`, or that of a key. */
  readonly scope: string;
  /** An operator's purge, and not an unsafe method: responses that are under way are not stored either. */
  readonly isPurge: boolean;
}

const CHANNEL = 'cache';
/** The sender, the number of the invalidation, its scope and whether it is a purge. */
const messageSchema = z.tuple([z.string(), z.int(), z.string(), z.boolean()]);
/** Beyond this number, everything is purged once Redis is back. */
const MAX_PENDING = 1_000;
const RETRY_PAUSE_MS = 200;
/** Beyond this number of fields in `PURGES`, everything is purged in place of keeping them. */
const MAX_FIELDS = 100_000;
const PURGE_OF_EVERYTHING: Invalidation = { scope: EVERYTHING, isPurge: true };

/**
 * Publishes invalidations to Redis and the other gateways, and receives theirs. While Redis is away, invalidations stay
 * pending, and what they concern is not read from Redis.
 */
@Injectable()
export class InvalidationChannel implements OnApplicationBootstrap, OnApplicationShutdown {
  /** Another gateway has invalidated something: everything, when a message may be missing, which may be about anything. */
  readonly received = new Event<Invalidation>();
  /** Redis has lost its data, so nobody knows whether an invalidation is missing. */
  readonly doubted = new Event<void>();
  /** This process has invalidated something. */
  readonly announced = new Event<Invalidation>();

  private readonly id = randomUUID();
  private readonly pending = new Map<string, Invalidation>();
  private readonly log = new SequenceLog();
  private isFlushing = false;
  private mustCompare = false;
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
    // Nothing in Redis is valid before it has generations again.
    this.store.forgotten.on(() => void this.redis.run((client) => this.initialise(client)));
    await this.subscriber.subscribe(CHANNEL, {
      onMessage: (message) => this.onMessage(message),
      onSubscribed: () => void this.compare(),
    });
  }

  onApplicationShutdown(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  /** Tells whether what Redis has of a resource may be used: not before this gateway's invalidations are published. */
  isPublished(resource: ResourceName): boolean {
    if (this.pending.size === 0) return true;
    if (this.pending.has(resourceScope(resource))) return false;
    for (const { isPurge } of this.pending.values()) if (isPurge) return false;
    return true;
  }

  publish(invalidation: Invalidation): void {
    this.announced.emit(invalidation);
    if (!this.redis.isConfigured) return;
    const { scope } = invalidation;
    const isPurge = invalidation.isPurge || this.pending.get(scope)?.isPurge === true;
    this.pending.delete(scope);
    this.pending.set(scope, { scope, isPurge });
    if (this.pending.size > MAX_PENDING) {
      this.pending.clear();
      this.pending.set(EVERYTHING, PURGE_OF_EVERYTHING);
    }
    void this.flush();
  }

  private async flush(): Promise<void> {
    if (this.isFlushing) return;
    this.isFlushing = true;
    try {
      for (const [scope, invalidation] of this.pending) {
        const isDone = await this.redis.run((client) => this.send(client, invalidation));
        if (isDone === undefined) {
          this.retry();
          return;
        }
        // The same scope may have been invalidated once more meanwhile.
        if (this.pending.get(scope) === invalidation) this.pending.delete(scope);
      }
    } finally {
      this.isFlushing = false;
    }
  }

  private catchUp(): void {
    if (this.mustCompare) void this.compare();
    void this.flush();
  }

  /** Tries again after a command that failed. When Redis is away, its return triggers the next try. */
  private retry(): void {
    if (this.isClosed || !this.redis.isUp) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.catchUp(), RETRY_PAUSE_MS).unref();
  }

  private async send(client: RedisClient, { scope, isPurge }: Invalidation): Promise<true> {
    const fields: string[] = isPurge ? [ANY, newGeneration()] : [];
    if (scope === EVERYTHING) {
      fields.push(ALL, newGeneration());
    } else if (scope.startsWith('u:')) {
      await replaceResource(client, scope);
    } else {
      fields.push(fieldOf(scope), newGeneration());
    }
    if (fields.length > 0) {
      if ((await client.hlen(PURGES)) > MAX_FIELDS) {
        await client.eval(EMPTY_PURGES, 1, PURGES, EPOCH, COUNT);
        await this.initialise(client);
        return this.send(client, PURGE_OF_EVERYTHING);
      }
      await client.hset(PURGES, ...fields);
    }
    const count = await client.hincrby(PURGES, COUNT, 1);
    if (!this.log.add(count)) this.received.emit(PURGE_OF_EVERYTHING);
    await client.publish(this.redis.channel(CHANNEL), JSON.stringify([this.id, count, scope, isPurge]));
    return true;
  }

  private async initialise(client: RedisClient): Promise<void> {
    await client.hsetnx(PURGES, EPOCH, newGeneration());
    await client.hsetnx(PURGES, ALL, newGeneration());
  }

  private onMessage(message: string): void {
    const { data } = messageSchema.safeParse(parseJson(message));
    if (!data) return;
    const [from, count, scope, isPurge] = data;
    if (from === this.id) return;
    this.received.emit({ scope, isPurge });
    if (!this.log.add(count)) this.received.emit(PURGE_OF_EVERYTHING);
  }

  /** Finds out whether every published invalidation was received. */
  private async compare(): Promise<void> {
    const state = await this.redis.run(async (client) => {
      await this.initialise(client);
      return client.hmget(PURGES, EPOCH, COUNT);
    });
    this.mustCompare = state === undefined;
    if (this.mustCompare) this.retry();
    const result = state && this.log.compare(state[0] ?? '', Number(state[1] ?? 0));
    if (result === 'missed') this.received.emit(PURGE_OF_EVERYTHING);
    else if (result === 'unknown') this.doubted.emit();
  }
}
