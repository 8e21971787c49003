import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Event } from '../../common/event.js';
import { ConfigStore } from '../config/config.store.js';
import { subscriberClient } from './redis-client.js';

/** Milliseconds between checks whether a silent connection is still alive. */
const CHECK_INTERVAL = 5_000;

export interface SubscriptionListener {
  readonly onMessage: (message: string) => void;
  /** From now on messages arrive. Those that were published while there was no connection are lost. */
  readonly onSubscribed: () => void;
}

/** Receives messages of other gateways on a connection of its own, which ioredis replaces when it is lost. */
@Injectable()
export class RedisSubscriber implements OnApplicationShutdown {
  private client: Redis | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** By channel, with its prefix. */
  private readonly listeners = new Map<string, SubscriptionListener>();
  /** Channels that the connection is subscribed to. */
  private readonly subscribed = new Set<string>();
  /** The channels were subscribed to, or could not be. */
  private readonly attempted = new Event<void>();

  constructor(@Inject(ConfigStore) private readonly config: ConfigStore) {}

  /**
   * Subscribes to a channel until shutdown, and again on each new connection.
   *
   * @param name gets the configured prefix
   * @returns a promise that settles with the first subscription, or when that fails or exceeds `connectTimeout`
   */
  async subscribe(name: string, listener: SubscriptionListener): Promise<void> {
    const { redis } = this.config.current;
    const client = (this.client ??= this.connect());
    if (!client) return;
    const channel = redis.keyPrefix + name;
    if (this.listeners.has(channel)) throw new TypeError(`The channel ${name} has a listener already.`);
    const { promise: settled, resolve } = Promise.withResolvers<void>();
    const timeout = setTimeout(resolve, redis.connectTimeout);
    this.listeners.set(channel, listener);
    const stop = this.attempted.on(resolve);
    if (client.status === 'ready') void this.renew(client);
    await settled;
    clearTimeout(timeout);
    stop();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.client?.disconnect();
  }

  private connect(): Redis | undefined {
    const client = subscriberClient(this.config.current.redis);
    if (!client) return undefined;
    client.on('ready', () => void this.renew(client));
    client.on('close', () => {
      this.subscribed.clear();
      this.attempted.emit();
    });
    client.on('error', () => {});
    client.on('message', (channel, message) => this.listeners.get(channel)?.onMessage(message));
    // Events report a failure.
    client.connect().catch(() => {});
    this.timer = setInterval(() => void this.renew(client), CHECK_INTERVAL).unref();
    return client;
  }

  /** A repeated SUBSCRIBE changes nothing. Without an answer, the socket timeout ends the connection. */
  private async renew(client: Redis): Promise<void> {
    const channels = [...this.listeners.keys()];
    if (channels.length === 0) return;
    // After a failure, the next check or the next connection tries again.
    const isDone = await client.subscribe(...channels).catch(() => false);
    for (const channel of isDone ? channels : []) {
      if (this.subscribed.has(channel)) continue;
      this.subscribed.add(channel);
      this.listeners.get(channel)?.onSubscribed();
    }
    this.attempted.emit();
  }
}
