import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { ConfigStore } from '../config/config.store.js';
import type { RedisConfig } from '../config/gateway-config.js';
import { reconnectPause, subscriberClient } from './redis-client.js';

/** Milliseconds; a connection on which nothing was said for so long is asked whether it is still one. */
const PING_EVERY = 5_000;

export interface Listening {
  readonly onMessage: (message: string) => void;
  /** From here on messages arrive; those since the last connection was lost did not. */
  readonly onSubscribed: () => void;
}

/** Hears what other gateways say, on connections of its own, and comes back by itself when they are lost. */
@Injectable()
export class RedisSubscriber implements OnApplicationShutdown {
  private readonly config: RedisConfig;
  private readonly channels = new Set<{ close: () => void }>();

  constructor(@Inject(ConfigStore) store: ConfigStore) {
    this.config = store.current.redis;
  }

  /**
   * Subscribes to a channel, again and again, until shutdown.
   *
   * @param name the configured prefix comes before it
   * @returns settles with the first subscription, or when that failed or took longer than a connection may
   */
  async subscribe(name: string, listening: Listening): Promise<void> {
    const { connectTimeout, keyPrefix } = this.config;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, connectTimeout);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      const onSubscribed = () => {
        listening.onSubscribed();
        done();
      };
      const channel = new Subscription(this.config, keyPrefix + name, { ...listening, onSubscribed }, done);
      this.channels.add(channel);
      channel.connect();
    });
  }

  onApplicationShutdown(): void {
    for (const channel of this.channels) channel.close();
    this.channels.clear();
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
    private readonly listening: Listening,
    private readonly onLost: () => void,
  ) {}

  connect(): void {
    const client = subscriberClient(this.config, this.attempts++);
    if (!client) return;
    this.client = client;
    client.on('error', () => {});
    client.on('message', (_channel, message) => this.listening.onMessage(message));
    client.once('ready', () => void this.subscribe(client));
    client.once('end', () => this.onEnd());
    // Told by events.
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
    // An answer that fails to come ends the connection, by its socket timeout.
    this.timer = setInterval(() => void client.ping().catch(() => {}), PING_EVERY).unref();
    this.listening.onSubscribed();
  }

  private onEnd(): void {
    clearInterval(this.timer);
    if (this.isClosed) return;
    this.timer = setTimeout(() => this.connect(), reconnectPause(this.attempts)).unref();
    this.onLost();
  }
}
