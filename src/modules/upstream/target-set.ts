import type { Clock } from '../../common/clock.js';
import { OUTCOMES, type Outcome } from '../../common/errors/outcomes.js';
import { Event } from '../../common/event.js';
import type { HealthConfig, UpstreamConfig } from '../config/gateway-config.js';
import type { Balancer } from './balancing/balancer.js';
import { balancerOf, NO_PLUGINS } from './balancing/balancers.js';
import type { Resolver } from './dns/resolver.js';
import { mayBeSentTwice } from './retry/retry-policy.js';
import { SlowStart } from './slow-start.js';
import { NEVER, Target } from './target.js';
import type { UpstreamRequest } from './upstream.types.js';

const NO_TARGETS: readonly Target[] = [];

/** The targets of an upstream: which of them may be picked, and which one is. */
export class TargetSet {
  readonly ejected: Event<Target>;
  /** An ejected target has passed its trial. Probes, which every process of the gateway knows, are not reported. */
  readonly returned: Event<Target>;
  /** A target was picked although none is available. */
  readonly panicked: Event<void>;
  readonly all: readonly Target[];
  private readonly slowStart: SlowStart;
  private readonly balancer: Balancer;
  /** The available targets, or all of them when none is available. */
  private candidates: readonly Target[];
  private panicking = false;
  /** Whether a probe has passed since the start. */
  private isProbed = false;
  /** Monotonic milliseconds from which on a request may be the trial of an ejected target. */
  private nextTrial = NEVER;

  /**
   * @param previous the set of the configuration before, whose targets stay where they are the same
   * @param makeBalancer default: without plugins
   */
  constructor(
    private readonly config: UpstreamConfig,
    private readonly clock: Clock,
    random: () => number,
    resolver: Resolver,
    private previous?: TargetSet,
    makeBalancer = balancerOf(config.balancer, '', NO_PLUGINS),
  ) {
    this.ejected = previous?.ejected ?? new Event();
    this.returned = previous?.returned ?? new Event();
    this.panicked = previous?.panicked ?? new Event();
    this.all = config.targets.map(
      (target) =>
        previous?.all.find((each) => each.serves(target, config)) ??
        new Target(target, config, clock, resolver, random),
    );
    this.slowStart = new SlowStart(this.all, config.slowStart);
    this.candidates = this.all;
    this.balancer = makeBalancer(this.all, random);
  }

  /**
   * Puts the set in force in place of the previous one.
   *
   * @returns the targets that are not used any more
   */
  takeOver(): Target[] {
    const { previous, config } = this;
    for (const [i, target] of config.targets.entries()) this.all[i]?.use(target, config);
    if (!previous) return [];
    this.previous = undefined;
    this.isProbed = config.health !== undefined && previous.isProbed;
    this.slowStart.takeOver(previous.slowStart, this.clock.now());
    this.refresh();
    return previous.all.filter((target) => !this.all.includes(target));
  }

  /** Forgets what probes have found: they ask another path now, or nobody probes any more. */
  forgetProbes(): void {
    this.isProbed = false;
    for (const target of this.all) target.healthy = true;
    this.refresh();
  }

  /**
   * @param tried targets that have failed this request already. Another target is picked if one is available.
   * @returns `undefined` when every available target has `pool.connections` calls
   */
  pick(request: UpstreamRequest, tried: readonly Target[]): Target | undefined {
    const trial = this.nextTrial === NEVER ? undefined : this.startTrial(request, tried);
    if (trial) return trial;
    if (this.panicking) this.panicked.emit();
    const [only, another] = this.candidates;
    const isLimited = this.config.pool.connections !== undefined;
    const full = isLimited ? this.candidates.filter((each) => this.isFull(each)) : NO_TARGETS;
    if (full.length === this.candidates.length) return undefined;
    if (only && !another) return only;
    if (this.slowStart.isUnderWay) this.slowStart.grow(this.clock.now());
    const excluded = full.length > 0 ? [...tried, ...full] : tried;
    const areAllExcluded = tried.length > 0 && this.candidates.every((each) => excluded.includes(each));
    return this.balancer.pick(request.hashKey, areAllExcluded ? full : excluded, request);
  }

  /** @returns whether a target is available that is not among these */
  hasOther(tried: readonly Target[]): boolean {
    return this.all.some((each) => each.isAvailable && !tried.includes(each));
  }

  /**
   * Records a response head. The trial of an ejected target passes with it, since a body may be an endless stream.
   *
   * @param startedAt monotonic milliseconds of the start of the try
   */
  recordHead(target: Target, isFailure: boolean, startedAt: number): void {
    target.answeredAt = this.clock.now();
    target.latestAnswered = Math.max(target.latestAnswered, startedAt);
    if (!isFailure) this.passTrial(target, startedAt);
  }

  /**
   * Records the end of a try. A target that keeps failing is ejected for a while, and one that fails its trial for longer.
   *
   * @param startedAt monotonic milliseconds
   */
  recordTry(target: Target, outcome: Outcome, startedAt: number): void {
    const { vote } = OUTCOMES[outcome];
    if (vote === 'success') this.passTrial(target, startedAt);
    // Ignore tries that started before the ejection, and those that are not the trial.
    const isTrial = target.ejected && startedAt >= target.trialAt;
    if (vote === 'neutral') {
      if (isTrial) this.endTrial(target);
      return;
    }
    if (vote === 'failure') target.failedAt = this.clock.now();
    const failsInARow = target.recordTry(vote === 'failure');
    if (vote === 'success' || !target.healthy) return;
    if (target.ejected ? !isTrial : !failsInARow || !this.mayEject(outcome)) return;
    target.eject(this.clock.now());
    this.refresh();
    this.ejected.emit(target);
  }

  /**
   * Records that a hedge has answered in place of a try. That counts as no answer in time, unless the target has answered
   * other requests meanwhile: then it is slow, and not frozen.
   *
   * @param startedAt monotonic milliseconds
   */
  recordLate(target: Target, startedAt: number): void {
    if (target.answeredAt < startedAt) this.recordTry(target, 'try_timeout', startedAt);
  }

  /**
   * @returns whether a target that is not among these has answered what it was sent since: then their silence is their
   *   own, and not that of a service which takes so long for each answer
   */
  haveOthersAnswered(tried: readonly Target[], since: number): boolean {
    return this.all.some((each) => each.isAvailable && each.latestAnswered >= since && !tried.includes(each));
  }

  /**
   * @param tried targets that failed a call
   * @returns whether the failure says nothing about the service: all of them are out already, or another one works
   */
  isFaultOf(tried: readonly Target[]): boolean {
    // An only target is the service, and so are all targets together when none is available.
    if (this.all.length === 1 || this.panicking || tried.length === 0) return false;
    return (
      tried.every((each) => !each.isAvailable) || this.all.some((each) => each.isAvailable && each.works)
    );
  }

  /** Ejects a target that another process of the gateway has ejected, or lets it return as that has. */
  adopt(url: string, isEjected: boolean): void {
    const target = this.all.find((each) => each.url === url);
    const now = this.clock.now();
    if (!target) return;
    // Of an ejected target, only a failed trial is new. Several processes may have ejected it at the same time.
    if (isEjected && (!target.ejected || now >= target.trialFrom)) target.eject(now);
    else if (!isEjected && target.ejected) target.readmit(now);
    this.refresh();
  }

  /** @param passed `ignored` for a failed probe whose path may be wrong */
  recordProbe(target: Target, passed: boolean | 'ignored', health: HealthConfig): void {
    const now = this.clock.now();
    let hasChanged: boolean;
    if (passed === 'ignored') {
      hasChanged = !target.healthy;
      target.healthy = true;
    } else {
      this.isProbed ||= passed;
      hasChanged = target.recordProbe(passed, health);
      if (passed && target.mayHaveTrial(now, true)) {
        target.readmit(now);
        hasChanged = true;
      }
    }
    if (hasChanged) this.refresh();
  }

  get availableCount(): number {
    return this.all.filter((each) => each.isAvailable).length;
  }

  async destroy(): Promise<void> {
    await Promise.all(this.all.map(({ transport }) => transport.destroy()));
  }

  /** Of several targets one may always be ejected, however few they are. */
  private mayEject(outcome: Outcome): boolean {
    const { length } = this.all;
    if (length === 1) return false;
    // A target that accepts no connection is ejected beyond `maxEjected`: nothing can be lost by that.
    if (outcome === 'connect_failed') return true;
    const out = length - this.availableCount;
    return out + 1 <= Math.max(1, Math.floor(length * this.config.outlier.maxEjected));
  }

  /** Another call would wait for a connection. */
  private isFull({ inFlight }: Target): boolean {
    return inFlight >= (this.config.pool.connections ?? Number.POSITIVE_INFINITY);
  }

  /** @returns an ejected target for which the request is the trial, if one is due. Probes are the trials if there are any. */
  private startTrial(request: UpstreamRequest, tried: readonly Target[]): Target | undefined {
    const now = this.clock.now();
    if (now < this.nextTrial) return undefined;
    // A retry goes to a target that is known to work, if there is one.
    if (tried.length > 0 && this.hasOther(tried)) return undefined;
    const isSafe = mayBeSentTwice(request);
    const target = this.all.find(
      (each) => each.mayHaveTrial(now, isSafe) && !this.isFull(each) && !tried.includes(each),
    );
    target?.startTrial(now);
    this.scheduleTrial();
    return target;
  }

  private endTrial(target: Target): void {
    target.endTrial(this.clock.now());
    this.scheduleTrial();
  }

  /** Ends the ejection of a target that has answered a try from after it: its trial, or any while none was available. */
  private passTrial(target: Target, startedAt: number): void {
    if (!target.ejected || startedAt < target.ejectedAt) return;
    target.readmit(this.clock.now());
    this.refresh();
    this.returned.emit(target);
  }

  private refresh(): void {
    const available = this.all.filter((each) => each.isAvailable);
    this.slowStart.update(available, this.clock.now());
    this.panicking = available.length === 0;
    this.candidates = this.panicking ? this.all : available;
    this.balancer.use(this.candidates);
    this.scheduleTrial();
  }

  private scheduleTrial(): void {
    const ejected = this.isProbed ? [] : this.all.filter((each) => each.ejected);
    this.nextTrial = Math.min(...ejected.map(({ trialFrom }) => trialFrom));
  }
}
