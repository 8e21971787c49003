import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { reasonOf } from '../../common/errors/fault.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK, PROCESS_ROLE, type ProcessRole } from '../config/config.tokens.js';
import { RateLimits } from '../rate-limit/rate-limits.service.js';
import { restoreBuckets, usedBuckets } from '../rate-limit/used-buckets.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { asWritten, type GatewayState, keptBreaker, MARK, newsOf, parseState } from './gateway-state.js';
import { readStateFile, writeStateFile } from './state-file.js';

/** Milliseconds between two writes. */
const INTERVAL = 5_000;
/** Milliseconds that the end of the process waits for a disk. */
const LONGEST_END = 2_000;
const MAX_BUCKETS = 10_000;

/**
 * Keeps open breakers and used rate limits in a file, in the background, and takes them over when the gateway starts
 * again. With workers, the primary does, which has the state of all. Redis keeps rate limits and isolations itself.
 */
@Injectable()
export class StatePersistence implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('State');
  private readonly file: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  /** Whether the file may differ from the state, which a bucket does by itself as long as it is not full. */
  private hasChanged = true;
  private isFailing = false;

  constructor(
    @Inject(ConfigStore) { current }: ConfigStore,
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(RateLimits) private readonly limits: RateLimits,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PROCESS_ROLE) role: ProcessRole,
  ) {
    this.file = role === 'worker' ? undefined : current.state.file;
  }

  /** Before the gateway listens, and before replicas and workers hear of its breakers: a restored one is no vote. */
  async onModuleInit(): Promise<void> {
    const { file } = this;
    if (file === undefined || !(await this.read(file))) return;
    const onChange = () => void (this.hasChanged = true);
    this.upstreams.each(({ breaker }) => breaker.news.on(onChange));
    this.upstreams.removed.on(onChange);
    // At once, so that the log of the start says if the file cannot be written.
    const write = () => (this.writing ??= this.write(file).finally(() => (this.writing = undefined)));
    this.timer = setInterval(() => void write(), INTERVAL).unref();
    void write();
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.timer || this.file === undefined) return;
    clearInterval(this.timer);
    this.timer = undefined;
    const written = Promise.resolve(this.writing).then(() => this.write(this.file ?? ''));
    await Promise.race([written, sleep(LONGEST_END, undefined, { ref: false })]);
  }

  /** @returns whether the file may be written: one of somebody else is left alone */
  private async read(file: string): Promise<boolean> {
    let isOwn = false;
    try {
      const text = await readStateFile(file);
      // It may have been cut.
      isOwn = text.startsWith(MARK) || MARK.startsWith(text);
      if (!isOwn) throw new Error('another program has written it');
      if (text !== '') this.restore(parseState(text), file);
    } catch (error) {
      const reason = reasonOf(error);
      const hint = isOwn ? undefined : 'the gateway does not write to it either';
      this.logger.warn({ message: 'state not restored', file, reason, hint });
    }
    return isOwn;
  }

  private restore(state: GatewayState, file: string): void {
    const { clock, redis } = this;
    const [now, wall] = [clock.now(), clock.wall()];
    const age = Math.max(0, wall - state.at.getTime());
    let breakers = 0;
    for (const kept of state.breakers) {
      const upstream = this.upstreams.find(kept.upstream);
      if (!upstream || (kept.isIsolated && redis.isConfigured)) continue;
      upstream.breaker.adopt(newsOf(kept, age, upstream.config.breaker.maxOpenFor, wall));
      breakers++;
    }
    const { inForce } = this.limits;
    const buckets = redis.isConfigured ? 0 : restoreBuckets(inForce, state.buckets, now, age);
    this.logger.log({ message: 'state restored', file, at: state.at, breakers, buckets });
  }

  /** Never rejects. */
  private async write(file: string): Promise<void> {
    const { hasChanged, isFailing, clock, redis } = this;
    this.hasChanged = false;
    try {
      const now = clock.now();
      const at = new Date(clock.wall());
      const breakers = Array.from(this.upstreams.all(), ({ id, breaker }) => keptBreaker(id, breaker.asNews))
        .filter((kept) => kept !== undefined)
        .filter(({ isIsolated }) => !isIsolated || !redis.isConfigured);
      const buckets = redis.isConfigured ? [] : await usedBuckets(this.limits.inForce, now, MAX_BUCKETS);
      if (!hasChanged && buckets.length === 0) return;
      this.hasChanged ||= buckets.length > 0;
      await writeStateFile(file, JSON.stringify(asWritten({ at, breakers, buckets })));
      this.isFailing = false;
      if (isFailing) this.logger.log({ message: 'state written again', file });
    } catch (error) {
      this.hasChanged = true;
      this.isFailing = true;
      const reason = reasonOf(error);
      if (!isFailing) this.logger.warn({ message: 'state not written', file, reason });
    }
  }
}
