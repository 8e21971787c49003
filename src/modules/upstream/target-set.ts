import type { Clock } from '../../common/clock.js';
import { OUTCOMES, type Outcome } from '../../common/errors/outcomes.js';
import { Event } from '../../common/event.js';
import type { HealthConfig, UpstreamConfig } from '../config/gateway-config.js';
import type { Balancer } from './balancing/balancer.js';
import { BALANCERS } from './balancing/balancers.js';
import type { Resolver } from './dns/resolver.js';
import { SlowStart } from './slow-start.js';
import { Target } from './target.js';

const NEVER = Number.POSITIVE_INFINITY;
const NO_TARGETS: readonly Target[] = [];

/** The targets of an upstream: which of them may be picked, and which one is. */
export class TargetSet {
  readonly ejected = new Event<Target>();
  /** A target was picked although none is available. */
  readonly panicked = new Event<void>();
  readonly all: readonly Target[];
  private readonly slowStart: SlowStart;
  private readonly balancer: Balancer;
  /** The available targets, or all of them when none is available. */
  private candidates: readonly Target[];
  private panicking = false;
  /** Monotonic milliseconds at which the next ejection ends. */
  private nextReturn = NEVER;

  constructor(
    private readonly config: UpstreamConfig,
    private readonly clock: Clock,
    random: () => number,
    resolver: Resolver,
  ) {
    this.all = config.targets.map((target) => new Target(target, config, clock, resolver, random));
    this.slowStart = new SlowStart(this.all, config.slowStart);
    this.candidates = this.all;
    this.balancer = new BALANCERS[config.balancer](this.all, random);
  }

  /**
   * @param key what `consistent-hash` hashes
   * @param tried targets that have failed this request already. Another target is picked if one is available.
   * @returns `undefined` when every available target has `pool.connections` calls
   */
  pick(key: string | undefined, tried: readonly Target[]): Target | undefined {
    if (this.nextReturn !== NEVER && this.clock.now() >= this.nextReturn) this.refresh();
    if (this.panicking) this.panicked.emit();
    const [only, another] = this.candidates;
    const { connections } = this.config.pool;
    const full =
      connections === undefined
        ? NO_TARGETS
        : this.candidates.filter(({ inFlight }) => inFlight >= connections);
    if (full.length === this.candidates.length) return undefined;
    if (only && !another) return only;
    if (this.slowStart.isUnderWay) this.slowStart.grow(this.clock.now());
    const excluded = full.length > 0 ? [...tried, ...full] : tried;
    const areAllExcluded = tried.length > 0 && this.candidates.every((each) => excluded.includes(each));
    return this.balancer.pick(key, areAllExcluded ? full : excluded);
  }

  /** @returns whether a target is available that is not among these */
  hasOther(tried: readonly Target[]): boolean {
    const now = this.clock.now();
    return this.all.some((each) => each.isAvailable(now) && !tried.includes(each));
  }

  /**
   * Records the end of a try. A target that keeps failing is ejected for a while.
   *
   * @param startedAt monotonic milliseconds
   */
  recordTry(target: Target, outcome: Outcome, startedAt: number): void {
    const { vote } = OUTCOMES[outcome];
    if (vote === 'success' && this.panicking) this.readmit(target, startedAt);
    if (vote === 'success' && this.config.hedge) target.answeredAt = this.clock.now();
    if (vote === 'neutral' || !target.recordTry(vote === 'failure')) return;
    const now = this.clock.now();
    // Ignore tries that started before the ejection.
    if (!target.isAvailable(now)) return;
    // A target that accepts no connection is ejected beyond `maxEjected`: nothing can be lost by that.
    if (outcome === 'connect_failed' ? this.all.length === 1 : !this.mayEjectOneMore(now)) return;
    target.eject(now);
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
   * @param target that failed a call
   * @returns whether the failure says nothing about the service: the target is out already, or another one works
   */
  isFaultOf(target: Target | undefined): boolean {
    // An only target is the service, and so are all targets together when none is available.
    if (this.all.length === 1 || this.panicking || !target) return false;
    const now = this.clock.now();
    return !target.isAvailable(now) || this.all.some((each) => each.isAvailable(now) && each.works);
  }

  recordProbe(target: Target, passed: boolean, health: HealthConfig): void {
    if (target.recordProbe(passed, health)) this.refresh();
  }

  /** How many targets are available. */
  get availableCount(): number {
    const now = this.clock.now();
    return this.all.filter((each) => each.isAvailable(now)).length;
  }

  async destroy(): Promise<void> {
    await Promise.all(this.all.map(({ transport }) => transport.destroy()));
  }

  /** Of several targets one may always be ejected, however few they are. */
  private mayEjectOneMore(now: number): boolean {
    const { length } = this.all;
    if (length === 1) return false;
    const out = this.all.filter((each) => !each.isAvailable(now)).length;
    return out + 1 <= Math.max(1, Math.floor(length * this.config.outlier.maxEjected));
  }

  /** Ends the ejection of a target that has answered while none was available. */
  private readmit(target: Target, startedAt: number): void {
    const now = this.clock.now();
    if (target.ejectedUntil <= now || startedAt < target.ejectedAt) return;
    target.ejectedUntil = now;
    this.refresh();
  }

  private refresh(): void {
    const now = this.clock.now();
    const available = this.all.filter((each) => each.isAvailable(now));
    this.slowStart.update(available, now);
    this.panicking = available.length === 0;
    this.nextReturn = Math.min(
      ...this.all.map(({ ejectedUntil }) => (ejectedUntil > now ? ejectedUntil : NEVER)),
    );
    this.candidates = this.panicking ? this.all : available;
    this.balancer.use(this.candidates);
  }
}
