import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { ConfigStore } from '../config/config.store.js';
import type { RedisConfig } from '../config/gateway-config.js';
import { reconnectPause, subscriberClient } from './redis-client.js';

/** Milliseconds between pings, which find out whether a silent connection is still alive. */
const PING_INTERVAL = 5_000;

export interface SubscriptionListener {
  readonly onMessage: (message: string) => void;
  /** From now on messages arrive. Those that were published while there was no connection are lost. */
  readonly onSubscribed: () => void;
}

/** Receives messages of other gateways on connections of its own, which are replaced when they are lost. */
@Injectable()
export class RedisSubscriber implements OnApplicationShutdown {
  private readonly config: RedisConfig;
  private readonly subscriptions = new Set<Subscription>();

  constructor(@Inject(ConfigStore) store: ConfigStore) {
    this.config = store.current.redis;
  }

  /**
   * Subscribes to a channel until shutdown, and again on each new connection.
   *
   * @param name gets the configured prefix
   * @returns a promise that settles with the first subscription, or when that fails or exceeds `connectTimeout`
   */
  async subscribe(name: string, listener: SubscriptionListener): Promise<void> {
    const { connectTimeout, keyPrefix } = this.config;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, connectTimeout);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      const onSubscribed = () => {
        listener.onSubscribed();
        done();
      };
      const subscription = new Subscription(
        this.config,
        keyPrefix + name,
        { ...listener, onSubscribed },
        done,
      );
      this.subscriptions.add(subscription);
      subscription.connect();
    });
  }

  onApplicationShutdown(): void {
    for (const subscription of this.subscriptions) subscription.close();
    this.subscriptions.clear();
  }
}

class Subscription {
  private client: Redis | undefined;
  private timer: NodeJS.Timeout | undefined;
  private attempts = 0;
  private isClosed = false;

  constructor(
    private readonly config: RedisConfig,
    private readonly channel: string,
    private readonly listener: SubscriptionListener,
    private readonly onLost: () => void,
  ) {}

  connect(): void {
    const client = subscriberClient(this.config, this.attempts++);
    if (!client) return;
    this.client = client;
    client.on('error', () => {});
    client.on('message', (_channel, message) => this.listener.onMessage(message));
    client.once('ready', () => void this.subscribe(client));
    client.once('end', () => this.onEnd());
    // Events report a failure.
    client.connect().catch(() => {});
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.client?.disconnect();
  }

  private async subscribe(client: Redis): Promise<void> {
    try {
      await client.subscribe(this.channel);
    } catch {
      client.disconnect();
      return;
    }
    if (this.isClosed) return;
    this.attempts = 0;
    // Without an answer, the socket timeout ends the connection.
    this.timer = setInterval(() => void client.ping().catch(() => {}), PING_INTERVAL).unref();
    this.listener.onSubscribed();
  }

  private onEnd(): void {
    clearInterval(this.timer);
    if (this.isClosed) return;
    this.timer = setTimeout(() => this.connect(), reconnectPause(this.attempts)).unref();
    this.onLost();
  }
}
