import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Event } from '../../common/event.js';
import { backoff } from '../../common/resilience/backoff.js';
import { ConfigStore } from '../config/config.store.js';
import type { RedisConfig } from '../config/gateway-config.js';
import { type RedisClient, redisClient } from './redis-client.js';
import { failureOf, reasonOf, type RedisFailure, RedisTimeoutError } from './redis-failure.js';

/** Failures in a row after which nobody waits for Redis any more. */
const TOLERATED = 3;
/** Milliseconds between trials while it is away. */
const TRIALS = { base: 200, max: 2_000 };

export interface RedisChange {
  readonly up: boolean;
  /** Of a change for the worse, in a word: `timeout`, `ECONNREFUSED`, `WRONGPASS`. */
  readonly reason?: string;
}

/**
 * The connection to Redis that all of the gateway shares. Nothing fails by it: a command has a value within
 * `commandTimeout`, or `undefined`. While Redis is away nobody waits at all; a `PING` finds out that it is back.
 */
@Injectable()
export class RedisConnection implements OnApplicationBootstrap, OnApplicationShutdown {
  /** Redis went away or came back. */
  readonly changed = new Event<RedisChange>();
  /** A command came to nothing. */
  readonly failed = new Event<RedisFailure>();

  private readonly config: RedisConfig;
  private readonly client: RedisClient | undefined;
  /** `undefined` before the first connection was made or could not be made. */
  private up: boolean | undefined;
  private failuresInARow = 0;
  private trials = 0;
  private trial: NodeJS.Timeout | undefined;
  private lastError = 'disconnected';
  private isClosed = false;

  constructor(@Inject(ConfigStore) store: ConfigStore) {
    this.config = store.current.redis;
    this.client = redisClient(this.config);
  }

  get isConfigured(): boolean {
    return this.client !== undefined;
  }

  get isUp(): boolean {
    return this.up === true;
  }

  /** @returns the name of a channel as it is published to; unlike keys, it gets no prefix by itself */
  channel(name: string): string {
    return this.config.keyPrefix + name;
  }

  /** Why it is not up, in a word. */
  get reason(): string | undefined {
    return this.isUp ? undefined : this.lastError;
  }

  /**
   * Asks Redis. Keys get the configured prefix by themselves.
   *
   * @param command may ask several times; all of it has `commandTimeout`
   * @returns what Redis said, which is `null` for what is not there; `undefined` when it is away, slow or refuses,
   *   or none is configured
   */
  async run<T>(command: (client: RedisClient) => Promise<T>): Promise<T | undefined> {
    if (!this.client || !this.up) return undefined;
    try {
      const value = await this.within(command(this.client));
      this.failuresInARow = 0;
      this.trials = 0;
      return value;
    } catch (error) {
      this.onFailure(error);
      return undefined;
    }
  }

  /** Connects, but waits no longer than a connection may take: the gateway starts without Redis as well. */
  async onApplicationBootstrap(): Promise<void> {
    const { client } = this;
    if (!client || client.status !== 'wait') return;
    client.on('ready', () => void this.try());
    client.on('close', () => this.goDown());
    client.on('error', (error: unknown) => (this.lastError = reasonOf(error)));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.goDown(), this.config.connectTimeout);
      this.changed.on(() => {
        clearTimeout(timer);
        resolve();
      });
      // Told by events.
      client.connect().catch(() => {});
    });
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.client || this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.trial);
    // So that what was written before is there; a server that does not answer is left.
    if (this.up) await this.within(this.client.quit()).catch(() => {});
    this.client.disconnect();
  }

  private onFailure(error: unknown): void {
    const failure = failureOf(error);
    this.failed.emit(failure);
    // These are answers.
    if (failure === 'full' || failure === 'error') return;
    this.failuresInARow++;
    if (this.failuresInARow < TOLERATED) return;
    this.lastError = reasonOf(error);
    this.goDown();
  }

  private goDown(): void {
    if (this.isClosed) return;
    this.failuresInARow = 0;
    this.scheduleTrial();
    if (this.up === false) return;
    this.up = false;
    this.changed.emit({ up: false, reason: this.lastError });
  }

  /** Half of the pause is left to chance, so that gateways do not come back together. */
  private scheduleTrial(): void {
    clearTimeout(this.trial);
    const half = { base: TRIALS.base / 2, max: TRIALS.max / 2 };
    const pause = backoff(half, this.trials, 1) + backoff(half, this.trials, Math.random());
    this.trials++;
    this.trial = setTimeout(() => void this.try(), pause).unref();
  }

  private async try(): Promise<void> {
    if (!this.client || this.up || this.isClosed) return;
    try {
      await this.within(this.client.ping());
    } catch (error) {
      this.lastError = reasonOf(error);
      this.goDown();
      return;
    }
    if (this.up || this.isClosed) return;
    clearTimeout(this.trial);
    this.up = true;
    this.changed.emit({ up: true });
  }

  private async within<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new RedisTimeoutError()), this.config.commandTimeout);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
