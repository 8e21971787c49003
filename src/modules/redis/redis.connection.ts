import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Event } from '../../common/event.js';
import { ConfigStore } from '../config/config.store.js';
import type { RedisConfig } from '../config/gateway-config.js';
import { reconnectPause, type RedisClient, redisClient } from './redis-client.js';
import { failureOf, reasonOf, type RedisFailure, RedisTimeoutError } from './redis-failure.js';

/** After this number of failures in a row, commands are not sent any more. */
const MAX_FAILURES = 3;

export interface RedisChange {
  readonly up: boolean;
  /** Code of the failure when Redis went away: `timeout`, `ECONNREFUSED`, `WRONGPASS`. */
  readonly reason?: string;
}

/**
 * The connection to Redis that all modules share. A command never fails: it has a value within `commandTimeout`, or
 * `undefined`. While Redis is away no command is sent, and a `PING` finds out when it is back.
 */
@Injectable()
export class RedisConnection implements OnApplicationBootstrap, OnApplicationShutdown {
  /** Redis went away or came back. */
  readonly changed = new Event<RedisChange>();
  /** A command failed. */
  readonly failed = new Event<RedisFailure>();

  private readonly config: RedisConfig;
  private readonly client: RedisClient | undefined;
  /** `undefined` until the first attempt to connect has succeeded or failed. */
  private up: boolean | undefined;
  private failuresInARow = 0;
  private pings = 0;
  private pingTimer: NodeJS.Timeout | undefined;
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

  /** Whether the latest command had no answer. Another one may have to wait for `commandTimeout` as well. */
  get isSilent(): boolean {
    return this.failuresInARow > 0;
  }

  /** @returns the name of a channel with the configured prefix, which ioredis adds to keys alone */
  channel(name: string): string {
    return this.config.keyPrefix + name;
  }

  /** Code of the failure while Redis is away. */
  get reason(): string | undefined {
    return this.isUp ? undefined : this.lastError;
  }

  /**
   * Runs commands. Keys get the configured prefix.
   *
   * @param command may send several commands, which share `commandTimeout`
   * @returns the value, which Redis gives as `null` when a key does not exist; `undefined` when Redis is away, is too
   *   slow, rejects the command, or is not configured
   */
  async run<T>(command: (client: RedisClient) => Promise<T>): Promise<T | undefined> {
    if (!this.client || !this.up) return undefined;
    try {
      const value = await this.within(command(this.client));
      this.failuresInARow = 0;
      this.pings = 0;
      return value;
    } catch (error) {
      this.onFailure(error);
      return undefined;
    }
  }

  /** Connects, and waits for `connectTimeout` at most: the gateway starts without Redis as well. */
  async onApplicationBootstrap(): Promise<void> {
    const { client } = this;
    if (!client || client.status !== 'wait') return;
    client.on('ready', () => void this.ping());
    client.on('close', () => this.goDown());
    client.on('error', (error: unknown) => (this.lastError = reasonOf(error)));
    const { promise: settled, resolve } = Promise.withResolvers<RedisChange>();
    const stop = this.changed.on(resolve);
    const timer = setTimeout(() => this.goDown(), this.config.connectTimeout);
    // Events report a failure.
    client.connect().catch(() => {});
    await settled;
    clearTimeout(timer);
    stop();
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.client || this.isClosed) return;
    this.isClosed = true;
    clearTimeout(this.pingTimer);
    // `QUIT` lets earlier writes finish. A server that does not answer is not waited for.
    if (this.up) await this.within(this.client.quit()).catch(() => {});
    this.client.disconnect();
  }

  private onFailure(error: unknown): void {
    const failure = failureOf(error);
    this.failed.emit(failure);
    // The server answered, so it is not away.
    if (failure === 'full' || failure === 'error') return;
    this.failuresInARow++;
    if (this.failuresInARow < MAX_FAILURES) return;
    this.lastError = reasonOf(error);
    this.goDown();
  }

  private goDown(): void {
    if (this.isClosed) return;
    this.failuresInARow = 0;
    clearTimeout(this.pingTimer);
    this.pings++;
    this.pingTimer = setTimeout(() => void this.ping(), reconnectPause(this.pings)).unref();
    if (this.up === false) return;
    this.up = false;
    this.changed.emit({ up: false, reason: this.lastError });
  }

  private async ping(): Promise<void> {
    // Without a connection, a ping would hide the reason of the failure. The next connection is pinged once it is ready.
    if (this.client?.status !== 'ready' || this.up || this.isClosed) return;
    try {
      await this.within(this.selectDatabase(this.client));
      await this.within(this.client.ping());
    } catch (error) {
      this.lastError = reasonOf(error);
      this.goDown();
      return;
    }
    if (this.up || this.isClosed) return;
    clearTimeout(this.pingTimer);
    this.up = true;
    this.changed.emit({ up: true });
  }

  /** ioredis only reports a database that it cannot select, and goes on in database 0, where others may have their keys. */
  private async selectDatabase(client: RedisClient): Promise<void> {
    if (client instanceof Redis && client.options.db) await client.select(client.options.db);
  }

  private within<T>(answer: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    // While this process stood still, the answer may have come; sockets are read between the timers and this callback.
    const giveUp = () => void setImmediate(() => reject(new RedisTimeoutError()));
    const timer = setTimeout(giveUp, this.config.commandTimeout);
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }
}
