import type { Clock } from '../../common/clock.js';
import { Event } from '../../common/event.js';
import type { HealthConfig } from '../config/gateway-config.js';
import type { Breaker } from './breaker/breaker.js';
import type { TargetSet } from './target-set.js';
import { isLocalFault } from './transport/classify.js';

/** The result of a health probe of one target. */
export interface ProbeResult {
  readonly passed: boolean;
  /** Status or error code. */
  readonly detail: string;
}

/** A probe that this process has made itself. */
export interface MeasuredProbe extends ProbeResult {
  /** Milliseconds. */
  readonly durationMs: number;
}

/** Failures that a wrong path explains. Without a connection, requests fail like probes do. */
const MAY_BE_THE_PATH = /^(?:\d{3}|timeout|ECONNRESET|HPE_.*)$/;
const WARNING_INTERVAL_MS = 3_600_000;

/**
 * Decides which health probes count. A probe that has never passed may have the wrong path, and a service that works must
 * not be cut off for that. So until one has passed since the start, probes that fail are ignored, except for those that
 * found no connection. A probe for which the gateway itself could not open a connection says nothing, and changes nothing.
 */
export class ProbeRecord {
  /** Probes fail and are ignored. Emitted when a starting service has had the time to pass one, and then once an hour. */
  readonly ignored = new Event<ProbeResult>();
  /** The newest probe, of a target that passed it if there is one; `undefined` before the first. */
  last: ProbeResult | undefined;
  private hasPassed = false;
  private ignoredInARow = 0;
  private nextWarning = 0;

  /** @param targets those in force */
  constructor(
    private readonly clock: Clock,
    private readonly targets: () => Pick<TargetSet, 'all' | 'recordProbe'>,
    private readonly breaker: Pick<Breaker, 'reportProbe' | 'ignoreProbe'>,
  ) {}

  /** Whether the newest probe failed and was ignored. */
  get isIgnored(): boolean {
    return this.ignoredInARow > 0;
  }

  /** Begins anew, because the probes ask another path. */
  reset(): void {
    this.last = undefined;
    this.hasPassed = false;
    this.ignoredInARow = 0;
    this.nextWarning = 0;
    this.breaker.ignoreProbe();
  }

  /** @param results of one round of probes: one for each target, in their order */
  report(results: readonly ProbeResult[], health: HealthConfig): void {
    const { breaker } = this;
    const targets = this.targets();
    this.hasPassed ||= results.some(({ passed }) => passed);
    const isIgnored = ({ detail }: ProbeResult) => !this.hasPassed && MAY_BE_THE_PATH.test(detail);
    const made = results.filter(({ detail }) => !isLocalFault(detail));
    for (const [i, target] of targets.all.entries()) {
      const result = results[i];
      if (result && made.includes(result))
        targets.recordProbe(target, isIgnored(result) ? 'ignored' : result.passed, health);
    }
    // The breaker belongs to the whole upstream, so one healthy target is enough.
    const newest = made.find(({ passed }) => passed) ?? made.find(isIgnored) ?? made[0];
    if (!newest) return;
    this.last = newest;
    if (isIgnored(newest)) {
      breaker.ignoreProbe();
      this.ignoredInARow++;
      this.warn(newest, health);
    } else {
      this.ignoredInARow = 0;
      breaker.reportProbe(newest.passed, newest.detail);
    }
  }

  private warn(probe: ProbeResult, { failures }: HealthConfig): void {
    const now = this.clock.now();
    if (this.ignoredInARow < failures || now < this.nextWarning) return;
    this.nextWarning = now + WARNING_INTERVAL_MS;
    this.ignored.emit(probe);
  }
}
