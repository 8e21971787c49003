import type { Clock } from '../../common/clock.js';
import type { Outcome } from '../../common/errors/outcomes.js';
import type { Event } from '../../common/event.js';
import type { BulkheadOptions } from '../../common/resilience/bulkhead.js';
import type { UpstreamConfig } from '../config/gateway-config.js';
import type { Breaker } from './breaker/breaker.js';
import { balancerOf } from './balancing/balancers.js';
import type { FindsPlugins } from './balancing/plugin-balancer.js';
import type { Resolver } from './dns/resolver.js';
import { Hedger, type HedgeResult } from './retry/hedger.js';
import { Retrier, type TryOnce } from './retry/retrier.js';
import { TargetSet } from './target-set.js';
import type { Call } from './transport/call.js';
import type { UpstreamRequest, UpstreamResponse } from './upstream.types.js';

export interface UpstreamModelOptions {
  readonly id: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly resolver: Resolver;
  readonly plugins: FindsPlugins;
  readonly breaker: Breaker;
  readonly hedged: Event<HedgeResult>;
  /** The model in force, which is left as it is until `UpstreamProxy.use`. */
  readonly previous: UpstreamModel | undefined;
  readonly send: (request: UpstreamRequest) => Promise<UpstreamResponse>;
  readonly tryOnce: TryOnce;
}

/**
 * What an upstream is compiled to: replaced whole by a reload. A request uses the one that it began with, so that its
 * route and its upstream belong together.
 */
export class UpstreamModel {
  readonly id: string;
  readonly clock: Clock;
  readonly targets: TargetSet;
  readonly retrier: Retrier;
  /** Exists only where there is a second target, unless `retry.attempts: 0` without `hedge` forbids a second try. */
  readonly hedger: Hedger | undefined;
  readonly failureStatuses: ReadonlySet<number>;
  /** The limits of the bulkhead. */
  readonly places: BulkheadOptions;
  /** As `UpstreamProxy.send`, with this model. */
  readonly send: UpstreamModelOptions['send'];
  /** Makes a try, and perhaps hedges. */
  readonly try: TryOnce;

  constructor(
    readonly config: UpstreamConfig,
    { id, clock, random, resolver, plugins, breaker, hedged, previous, send, tryOnce }: UpstreamModelOptions,
  ) {
    const { bulkhead, hedge, pool, retry } = config;
    this.id = id;
    this.clock = clock;
    this.send = send;
    const failureStatuses = new Set(config.breaker.failureStatuses);
    const targets = new TargetSet(
      config,
      clock,
      random,
      resolver,
      previous?.targets,
      balancerOf(config.balancer, id, plugins),
    );
    this.failureStatuses = failureStatuses;
    this.targets = targets;
    // A call never waits for a connection: that would be one more queue, in which its time would be the upstream's.
    const connections = pool.connections && pool.connections * config.targets.length;
    this.places = { ...bulkhead, connections };
    const maxGathered = bulkhead.concurrent * retry.maxBodyBytes;
    this.retrier = new Retrier(retry, { clock, random, targets, breaker, maxGathered }, previous?.retrier);
    if (config.targets.length > 1 && (hedge || retry.attempts > 0)) {
      const { budget } = this.retrier;
      const options = { clock, budget, targets, failureStatuses, ended: hedged };
      this.hedger = new Hedger(hedge, options, previous?.hedger);
    }
    const { hedger } = this;
    this.try = hedger ? (options) => hedger.run(options, tryOnce) : tryOnce;
  }
}

/**
 * A good response shows that the upstream works, even if the client leaves before its end, as those of event streams
 * do. It shows nothing about the time after a later failure.
 *
 * @param failedAt monotonic milliseconds of the last failure
 */
export function resultOf(
  { failureStatuses }: UpstreamModel,
  { status, sentAt }: Call,
  outcome: Outcome,
  failedAt: number,
): Outcome {
  if (outcome !== 'client_gone' && outcome !== 'discarded') return outcome;
  const isGood = status > 0 && !failureStatuses.has(status);
  return isGood && sentAt > failedAt ? 'success' : outcome;
}
