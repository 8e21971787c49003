import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { ProblemError } from '../../common/errors/problem.js';
import { Event } from '../../common/event.js';
import type { Bucket } from '../../common/resilience/token-bucket.js';
import { formatDuration } from '../../common/units.js';
import { type ConfigApplier, ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import type { GatewayConfig, RateLimitConfig } from '../config/gateway-config.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { type Exchange, handlerPathOf, routeLabelOf } from '../routing/exchange.js';
import type { RateLimitReport } from '../routing/rate-limit-report.js';
import { userKey } from './client-key.js';
import {
  compileLimits,
  compileRules,
  type LimitModel,
  type LimitRule,
  type LimitStages,
  type Stage,
  stageOf,
} from './limit-rules.js';
import { limiterId, type LimitScope, RateLimiter } from './rate-limiter.js';
import { RedisBuckets } from './redis-buckets.js';
import type { SharedBuckets, SharedTake } from './shared-buckets.js';

/** A request that a limit has rejected, or would have rejected. */
export interface LimitRejection {
  readonly route: string;
  readonly key: RateLimitConfig['key'];
  readonly mode: RateLimitConfig['mode'];
}

/** A limit as `GET /admin/rate-limits` shows it. */
export interface RateLimitOverview {
  readonly id: string;
  readonly scope: LimitScope['kind'];
  /** Id of the route, or name of the handler. */
  readonly name: string;
  readonly key: RateLimitConfig['key'];
  readonly requests: number;
  readonly perMs: number;
  readonly burst: number;
  readonly mode: RateLimitConfig['mode'];
  /** Keys that are in memory. */
  readonly keys: number;
  /** Since the limit came into force. */
  readonly rejections: number;
}

/** Counts requests against the limits of the configuration in force. */
@Injectable()
export class RateLimits implements ConfigApplier {
  readonly rejected = new Event<LimitRejection>();
  private shared: SharedBuckets | undefined;
  private limiters: ReadonlyMap<string, RateLimiter> = new Map();
  /** Of handlers of code, which no reload changes. */
  private readonly handlers = new Map<string, RateLimiter>();
  private readonly handlerRules: LimitRule[] = [];
  private rules: readonly LimitRule[] = [];
  /** By config, so that a request meets the limits of the one that it began with. */
  private readonly models = new WeakMap<GatewayConfig, LimitModel>();

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RedisConnection) redis: RedisConnection,
  ) {
    this.shared = redis.isConfigured ? new RedisBuckets(redis) : undefined;
    this.prepare(config.current)();
    config.register(this);
  }

  /** The limits of the configuration in force, by id. */
  get inForce(): ReadonlyMap<string, RateLimiter> {
    return this.limiters;
  }

  /** Counts with other processes, unless Redis does that already. */
  shareBy(shared: SharedBuckets): void {
    this.shared ??= shared;
  }

  /**
   * Counts a request for another process.
   *
   * @param id of a limiter
   * @returns `undefined` when a reload has removed the limit, or is about to add it
   */
  take(id: string, key: string): SharedTake | undefined {
    const limiter = this.limiters.get(id);
    if (!limiter) return undefined;
    const { policy, buckets } = limiter;
    const now = this.clock.now();
    const bucket = buckets.of(key, now);
    const isAllowed = policy.take(bucket, now);
    return { isAllowed, tokens: bucket.tokens, refillIn: bucket.refillFrom - now };
  }

  /** Limits that do not change keep their counts. */
  prepare(next: GatewayConfig): () => void {
    const limiters = new Map<string, RateLimiter>();
    const model = compileLimits(next, (scope, config) => this.find(scope, config, limiters));
    return () => {
      this.limiters = limiters;
      this.rules = model.rules;
      this.models.set(next, model);
    };
  }

  /** @returns the limits in force, for operators */
  overview(): RateLimitOverview[] {
    return [...this.rules, ...this.handlerRules].map(({ limiter, isShadow }) => {
      const { scope, config, buckets, rejections } = limiter;
      const { requests, per, burst, key } = config;
      const mode = isShadow ? 'shadow' : 'enforce';
      return {
        id: limiter.id,
        scope: scope.kind,
        name: scope.name,
        key,
        requests,
        perMs: per,
        burst,
        mode,
        keys: buckets.size,
        rejections,
      };
    });
  }

  /** Compiles the limits of a handler of code. */
  ofHandler(name: string, configs: readonly RateLimitConfig[]): Stage {
    const scope: LimitScope = { kind: 'handler', name };
    const rules = compileRules(scope, configs, (_, config) => this.find(scope, config, this.handlers));
    this.handlerRules.push(...rules);
    return stageOf(rules);
  }

  /** Counts a request against the limits for which its user need not be known. As `count`. */
  beforeAuth(exchange: Exchange): void | Promise<void> {
    const stage = this.stagesOf(exchange)?.before;
    if (!stage || stage.rules.length === 0) return;
    const report = (exchange.rateLimit ??= newReport());
    const { isCounted } = report;
    report.isCounted = true;
    return this.count(exchange, isCounted ? withoutServer(stage) : stage);
  }

  /** Counts a request against the limits of its user. As `count`. */
  afterAuth(exchange: Exchange): void | Promise<void> {
    const stage = this.stagesOf(exchange)?.after;
    if (!stage || stage.rules.length === 0) return;
    const report = (exchange.rateLimit ??= newReport());
    const user = userKey(exchange);
    const isCounted = report.countedFor === user;
    report.countedFor = user;
    return this.count(exchange, isCounted ? withoutServer(stage) : stage);
  }

  /**
   * Counts a request against all limits of a stage, also when one of them rejects it.
   *
   * @returns a promise only when others count as well
   * @throws ProblemError `rate_limited`
   */
  count(exchange: Exchange, stage: Stage): void | Promise<void> {
    const report = (exchange.rateLimit ??= newReport());
    if (stage.policy !== '') report.policy += separator(report.policy) + stage.policy;
    const { shared } = this;
    if (shared?.isUp && !report.isUnshared) return this.countShared(exchange, report, stage, shared);
    const now = this.clock.now();
    let worst: Refusal | undefined;
    for (const rule of stage.rules) {
      const { policy, buckets } = rule.limiter;
      const bucket = buckets.of(rule.keyOf(exchange), now);
      const taken = { bucket, isAllowed: policy.take(bucket, now) };
      worst = longer(worst, this.conclude(exchange, report, rule, taken, now));
    }
    if (worst) throw refusalProblem(worst);
  }

  private async countShared(
    exchange: Exchange,
    report: RateLimitReport,
    stage: Stage,
    shared: SharedBuckets,
  ): Promise<void> {
    const takes = stage.rules.map(({ limiter, keyOf }) => this.takeShared(limiter, keyOf(exchange), shared));
    let worst: Refusal | undefined;
    for (const [i, taken] of (await Promise.all(takes)).entries()) {
      const rule = stage.rules[i];
      if (!rule) continue;
      report.isUnshared ||= taken.isOwn === true;
      worst = longer(worst, this.conclude(exchange, report, rule, taken, this.clock.now()));
    }
    if (worst) throw refusalProblem(worst);
  }

  /** The bucket of this process follows the shared one, and takes its place when nobody answers. */
  private async takeShared(limiter: RateLimiter, key: string, shared: SharedBuckets): Promise<Taken> {
    const { policy, buckets } = limiter;
    const bucket = buckets.of(key, this.clock.now());
    policy.refill(bucket, this.clock.now());
    // Others only take more, so the shared one is empty as well.
    if (bucket.tokens === 0) return { bucket, isAllowed: false };
    const answer = await shared.take(limiter, key);
    const now = this.clock.now();
    if (!answer) return { bucket, isAllowed: policy.take(bucket, now), isOwn: true };
    bucket.tokens = answer.tokens;
    bucket.refillFrom = now + answer.refillIn;
    return { bucket, isAllowed: answer.isAllowed };
  }

  /** @returns the refusal of an enforced limit */
  private conclude(
    exchange: Exchange,
    report: RateLimitReport,
    rule: LimitRule,
    { bucket, isAllowed }: Taken,
    now: number,
  ): Refusal | undefined {
    const { limiter, key, name, isShadow } = rule;
    const wait = limiter.policy.untilNext(bucket, now);
    if (!isShadow) {
      const state = `${name};r=${bucket.tokens};t=${wholeSeconds(wait)}`;
      report.state += separator(report.state) + state;
    }
    if (isAllowed) return undefined;
    limiter.rejections++;
    report.exceeded ??= isShadow ? `${key} (shadow)` : key;
    const mode = isShadow ? 'shadow' : 'enforce';
    this.rejected.emit({ route: routeLabelOf(exchange), key, mode });
    return isShadow ? undefined : { limiter, wait };
  }

  private stagesOf({ config, route, req }: Exchange): LimitStages | undefined {
    const model = this.models.get(config);
    // A handler of code may have the path of a route, which is not asked then.
    return route && handlerPathOf(req) === undefined ? model?.routes.get(route.config) : model?.server;
  }

  /** @param among limiters that belong to the same configuration */
  private find(scope: LimitScope, config: RateLimitConfig, among: Map<string, RateLimiter>): RateLimiter {
    const id = limiterId(scope, config);
    const limiter = among.get(id) ?? this.limiters.get(id) ?? new RateLimiter(id, scope, config);
    among.set(id, limiter);
    return limiter;
  }
}

interface Taken {
  /** As it is after that. */
  readonly bucket: Bucket;
  readonly isAllowed: boolean;
  /** Others did not answer. */
  readonly isOwn?: boolean;
}

interface Refusal {
  readonly limiter: RateLimiter;
  /** Milliseconds. */
  readonly wait: number;
}

function newReport(): RateLimitReport {
  return {
    policy: '',
    state: '',
    exceeded: undefined,
    isUnshared: false,
    isCounted: false,
    countedFor: undefined,
  };
}

/** For a request that a handler of code has passed on, which the server's limits have counted there. */
function withoutServer({ rules }: Stage): Stage {
  return stageOf(rules.filter(({ limiter }) => limiter.scope.kind !== 'server'));
}

/** @returns between items of a list */
function separator(before: string): string {
  return before === '' ? '' : ', ';
}

function longer(a: Refusal | undefined, b: Refusal | undefined): Refusal | undefined {
  return a && b && a.wait >= b.wait ? a : (b ?? a);
}

/** Rounds up, but not for what a sum of fractions has added. */
function wholeSeconds(ms: number): number {
  return Math.ceil(Math.round(ms) / 1000);
}

function refusalProblem({ limiter: { config }, wait }: Refusal): ProblemError {
  const seconds = Math.max(1, wholeSeconds(wait));
  const limit = `${config.requests} ${config.requests === 1 ? 'request' : 'requests'} in ${formatDuration(config.per)}`;
  return new ProblemError('rate_limited', {
    detail: `The limit is ${limit}. Try again in ${seconds} s.`,
    headers: { 'Retry-After': String(seconds) },
  });
}
