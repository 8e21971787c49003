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
import { RedisBuckets, type SharedBuckets, type SharedTake } from './shared-buckets.js';

/** A request that a limit has rejected, or would have rejected. */
export interface LimitRejection extends Pick<RateLimitConfig, 'key' | 'mode'> {
  readonly route: string;
}

/** A limit as `GET /admin/rate-limits` shows it. */
export interface RateLimitOverview extends Omit<RateLimitConfig, 'per'> {
  readonly id: string;
  readonly scope: LimitScope['kind'];
  /** Id of the route, or name of the handler. */
  readonly name: string;
  readonly perMs: number;
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
    return [...this.rules, ...this.handlerRules].map(({ limiter, config }) => {
      const { id, scope, buckets, rejections } = limiter;
      const { key, requests, per: perMs, burst, mode } = config;
      const keys = buckets.size;
      return { id, scope: scope.kind, name: scope.name, key, requests, perMs, burst, mode, keys, rejections };
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
    const report = reportOf(exchange);
    const { isCounted } = report;
    report.isCounted = true;
    return this.count(exchange, isCounted ? withoutServer(stage) : stage);
  }

  /** Counts a request against the limits of its user. As `count`. */
  afterAuth(exchange: Exchange): void | Promise<void> {
    const stage = this.stagesOf(exchange)?.after;
    if (!stage || stage.rules.length === 0) return;
    const report = reportOf(exchange);
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
    const report = reportOf(exchange);
    if (stage.policy !== '') report.policy = listed(report.policy, stage.policy);
    const { shared } = this;
    if (shared?.isUp && !report.isUnshared) {
      const taking = stage.rules.map((rule) => this.takeShared(rule, rule.keyOf(exchange), shared));
      return Promise.all(taking).then((taken) => this.conclude(exchange, report, taken));
    }
    const now = this.clock.now();
    const taken = stage.rules.map((rule) => takeOwn(rule, rule.keyOf(exchange), now));
    return this.conclude(exchange, report, taken);
  }

  /** The bucket of this process follows the shared one, and takes its place when nobody answers. */
  private async takeShared(rule: LimitRule, key: string, shared: SharedBuckets): Promise<Taken> {
    const { limiter } = rule;
    const bucket = limiter.buckets.of(key, this.clock.now());
    limiter.policy.refill(bucket, this.clock.now());
    // Others only take more, so the shared one is empty as well.
    if (bucket.tokens === 0) return { rule, bucket, isAllowed: false };
    const answer = await shared.take(limiter, key);
    const now = this.clock.now();
    if (!answer) return { ...takeOwn(rule, key, now), isUnshared: true };
    bucket.tokens = answer.tokens;
    bucket.refillFrom = now + answer.refillIn;
    return { rule, bucket, isAllowed: answer.isAllowed };
  }

  /** @throws ProblemError `rate_limited`, by the limit that takes longest to have a token again */
  private conclude(exchange: Exchange, report: RateLimitReport, taken: readonly Taken[]): void {
    const now = this.clock.now();
    let refusal: Refusal | undefined;
    for (const { rule, bucket, isAllowed, isUnshared = false } of taken) {
      const { limiter, name, config } = rule;
      const { key, mode } = config;
      const isShadow = mode === 'shadow';
      const wait = limiter.policy.untilNext(bucket, now);
      report.isUnshared ||= isUnshared;
      if (!isShadow)
        report.state = listed(report.state, `${name};r=${bucket.tokens};t=${wholeSeconds(wait)}`);
      if (isAllowed) continue;
      limiter.rejections++;
      report.exceeded ??= isShadow ? `${key} (shadow)` : key;
      this.rejected.emit({ route: routeLabelOf(exchange), key, mode });
      if (!isShadow && wait > (refusal?.wait ?? -1)) refusal = { config, wait };
    }
    if (refusal) throw refusalProblem(refusal);
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
  readonly rule: LimitRule;
  /** As it is after that. */
  readonly bucket: Bucket;
  readonly isAllowed: boolean;
  /** Others did not answer. */
  readonly isUnshared?: boolean;
}

interface Refusal {
  readonly config: RateLimitConfig;
  /** Milliseconds. */
  readonly wait: number;
}

function reportOf(exchange: Exchange): RateLimitReport {
  return (exchange.rateLimit ??= {
    policy: '',
    state: '',
    exceeded: undefined,
    isUnshared: false,
    isCounted: false,
    countedFor: undefined,
  });
}

/** Takes from the bucket of this process. */
function takeOwn(rule: LimitRule, key: string, now: number): Taken {
  const { policy, buckets } = rule.limiter;
  const bucket = buckets.of(key, now);
  return { rule, bucket, isAllowed: policy.take(bucket, now) };
}

/** For a request that a handler of code has passed on, which the server's limits have counted there. */
function withoutServer({ rules }: Stage): Stage {
  return stageOf(rules.filter(({ limiter }) => limiter.scope.kind !== 'server'));
}

function listed(list: string, item: string): string {
  return list === '' ? item : `${list}, ${item}`;
}

/** Rounds up, but not for what a sum of fractions has added. */
function wholeSeconds(ms: number): number {
  return Math.ceil(Math.round(ms) / 1000);
}

function refusalProblem({ config, wait }: Refusal): ProblemError {
  const seconds = Math.max(1, wholeSeconds(wait));
  const limit = `${config.requests} ${config.requests === 1 ? 'request' : 'requests'} in ${formatDuration(config.per)}`;
  return new ProblemError('rate_limited', {
    detail: `The limit is ${limit}. Try again in ${seconds} s.`,
    headers: { 'Retry-After': String(seconds) },
  });
}
