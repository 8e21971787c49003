import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
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

  constructor(@Inject(ConfigStore) private readonly config: ConfigStore) {}

  /**
   * Subscribes to one channel until shutdown, and again on each new connection. To be called once: the connection
   * belongs to the channel.
   *
   * @param name gets the configured prefix
   * @returns a promise that settles with the first subscription, or when that fails or exceeds `connectTimeout`
   */
  async subscribe(name: string, { onMessage, onSubscribed }: SubscriptionListener): Promise<void> {
    if (this.client) throw new TypeError('This subscriber has a channel already.');
    const { redis } = this.config.current;
    const client = subscriberClient(redis);
    if (!client) return;
    this.client = client;
    const settled = Promise.withResolvers<void>();
    const timeout = setTimeout(settled.resolve, redis.connectTimeout);
    let isSubscribed = false;
    // A repeated SUBSCRIBE changes nothing. Without an answer, the socket timeout ends the connection.
    const subscribe = async () => {
      await client.subscribe(redis.keyPrefix + name);
      if (!isSubscribed) onSubscribed();
      isSubscribed = true;
      settled.resolve();
    };
    client.on('ready', () => void subscribe().catch(settled.resolve));
    client.on('close', () => {
      isSubscribed = false;
      settled.resolve();
    });
    client.on('error', () => {});
    client.on('message', (_channel, message) => onMessage(message));
    // Events report a failure.
    client.connect().catch(() => {});
    this.timer = setInterval(() => void subscribe().catch(() => {}), CHECK_INTERVAL).unref();
    await settled.promise;
    clearTimeout(timeout);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.client?.disconnect();
  }
}
