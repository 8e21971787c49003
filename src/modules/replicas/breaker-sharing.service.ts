import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { Event } from '../../common/event.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK, PROCESS_ROLE, type ProcessRole } from '../config/config.tokens.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { RedisSubscriber } from '../redis/redis.subscriber.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { votesNeeded } from './quorum.js';
import { CHANNEL, type Exchange, LIFE, parseMessage, ReplicaStore } from './replica-store.js';
import { SharedBreaker } from './shared-breaker.js';

/** Milliseconds between two signs of life. */
const INTERVAL = 1_000;
/** Milliseconds without an exchange after which others may be missing from the next one. */
const GAP = LIFE - 2 * INTERVAL;
/** Milliseconds that the other replicas need to reach a Redis that is back. */
const RETURN = 5_000;
/** Milliseconds that a worker waits for its primary. */
const PRIMARY_ANSWER = 1_000;

/**
 * Shares what breakers decide with the other replicas of the gateway, through Redis. Each replica stores its votes and
 * reads those of the others once a second, and at once when one has changed. Everything happens in the background: no
 * call waits for it, and without Redis each breaker decides by itself. With workers, the primary does all of it, as one
 * replica: what it adopts, its workers adopt.
 */
@Injectable()
export class BreakerSharing implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** How many replicas share their breakers, whenever that changes; 0 when this one does not. */
  readonly changed = new Event<number>();
  private readonly store: ReplicaStore;
  private readonly breakers = new Map<string, SharedBreaker>();
  private known: number | undefined;
  /** Monotonic milliseconds of the last exchange. */
  private exchangedAt = -Infinity;
  /** Before, other replicas may be missing, and too few votes would be a quorum. */
  private completeFrom = 0;
  private isDue = false;
  private hasNews = false;
  private isRunning = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(ConfigStore) private readonly config: ConfigStore,
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @Inject(RedisSubscriber) private readonly subscriber: RedisSubscriber,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PROCESS_ROLE) private readonly role: ProcessRole,
  ) {
    this.store = new ReplicaStore(redis);
  }

  /** How many replicas share their breakers, this one included; 0 when it does not. */
  get live(): number {
    return this.known ?? 0;
  }

  onApplicationBootstrap(): void {
    const { role } = this;
    if (!this.redis.isConfigured) return;
    if (role === 'worker') {
      this.upstreams.each(holdForPrimary);
      return;
    }
    this.upstreams.each((upstream) => this.breakers.set(upstream.id, this.share(upstream, role)));
    this.upstreams.removed.on(({ id }) => {
      this.breakers.get(id)?.stop();
      this.breakers.delete(id);
    });
    this.redis.changed.on(({ up }) => {
      if (up) this.exchange();
      else this.fallBack();
    });
    const onSubscribed = () => this.exchange();
    void this.subscriber.subscribe(CHANNEL, {
      onMessage: (message) => this.onMessage(message),
      onSubscribed,
    });
    this.timer = setInterval(() => this.exchange(), INTERVAL).unref();
    this.exchange();
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = undefined;
    await this.store.leave();
  }

  private share(upstream: UpstreamProxy, role: 'only' | 'primary'): SharedBreaker {
    const { store, clock } = this;
    return new SharedBreaker({
      upstream,
      store,
      isShared: () => this.live > 1,
      // Nobody has to act on a vote that is withdrawn.
      onVote: (isCast) => this.exchange(isCast),
      clock,
      role,
    });
  }

  /** @param hasNews whether the others have to look at once */
  private exchange(hasNews = false): void {
    this.hasNews ||= hasNews;
    this.isDue = true;
    if (!this.isRunning) void this.run();
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.isDue && this.timer) {
      const { hasNews } = this;
      this.isDue = false;
      this.hasNews = false;
      const exchange = await this.store.exchange(this.votes(), hasNews);
      if (exchange) this.onExchange(exchange);
      else if (this.clock.now() - this.exchangedAt > LIFE) this.fallBack();
    }
    this.isRunning = false;
  }

  private votes() {
    const votes = Array.from(this.breakers, ([id, { vote }]) => [id, vote] as const);
    return new Map(votes.flatMap(([id, vote]) => (vote ? [[id, vote] as const] : [])));
  }

  private onExchange({ live, votes }: Exchange): void {
    const now = this.clock.now();
    if (now - this.exchangedAt > GAP) this.completeFrom = now + RETURN;
    this.exchangedAt = now;
    if (now < this.completeFrom) return;
    this.setLive(live);
    const needed = votesNeeded(live, this.config.current.breakers.quorum);
    for (const [id, each] of votes) this.breakers.get(id)?.hear(each, needed);
  }

  private onMessage(text: string): void {
    const message = parseMessage(text);
    if (!message || message.from === this.store.id) return;
    if (message.kind === 'votes') {
      this.exchange();
      return;
    }
    const breaker = this.breakers.get(message.upstream);
    if (message.kind === 'lease') breaker?.onLease(message.ms);
    else breaker?.onTrial(message.from, message.passed);
  }

  private fallBack(): void {
    for (const breaker of this.breakers.values()) breaker.fallBack();
    // A Redis that comes back may have forgotten the others, however short it was away.
    this.exchangedAt = -Infinity;
    this.setLive(0);
  }

  private setLive(live: number): void {
    if (live === this.known) return;
    this.known = live;
    this.changed.emit(live);
  }
}

/** The turn of a replica is that of its primary, which tells its workers when they may try. */
function holdForPrimary(upstream: UpstreamProxy): void {
  const { breaker } = upstream;
  breaker.transition.on(({ to }) => {
    if (to === 'half-open' && upstream.config.breaker.mode !== 'shadow') breaker.hold(PRIMARY_ANSWER);
  });
}
