import { isIP } from 'node:net';
import type { Clock } from '../../common/clock.js';
import { RollingCount } from '../../common/resilience/rolling-count.js';
import type { HealthConfig, TargetConfig, UpstreamConfig } from '../config/gateway-config.js';
import { isSameConfig } from '../config/same-config.js';
import { HostAddresses } from './dns/host-addresses.js';
import type { Resolver } from './dns/resolver.js';
import { Transport } from './transport/transport.js';

/** In monotonic milliseconds. */
export const NEVER = Number.POSITIVE_INFINITY;

/** One address of an upstream, with its connections and its record of failures. */
export class Target {
  weight: number;
  /** Host and port: the label of metrics and logs. */
  readonly name: string;
  readonly url: string;
  readonly transport: Transport;
  /** Addresses of its host; `undefined` when the host is an address itself. */
  readonly addresses: HostAddresses | undefined;
  /** Share of its weight, 0..1. It is less than 1 only while the target is coming back (`slowStart`). */
  share = 1;
  /** Tries under way, and open tunnels. */
  inFlight = 0;
  /** The verdict of its probes; `true` until enough of them have failed. */
  healthy = true;
  /** It gets no requests until it has passed a trial. */
  ejected = false;
  /** Monotonic milliseconds of the last ejection. */
  ejectedAt = 0;
  /** Monotonic milliseconds from which on an ejected target may have its next trial. */
  trialFrom = 0;
  /** Monotonic milliseconds of the start of the trial under way. */
  trialAt = NEVER;
  /** Monotonic milliseconds of the last response head; not recorded for the only target of an upstream. */
  answeredAt = 0;
  /** Monotonic milliseconds of the start of the latest try that a response head has answered; not recorded either. */
  latestAnswered = 0;
  /** Monotonic milliseconds of the last failed try. */
  failedAt = 0;
  private returnedAt = 0;
  private ejections = 0;
  private failuresInARow = 0;
  private lastTryFailed = false;
  private readonly tries: RollingCount;
  private readonly failedTries: RollingCount;
  private probeStreak = 0;

  constructor(
    { url, weight }: TargetConfig,
    private upstream: UpstreamConfig,
    clock: Clock,
    resolver: Resolver,
    random: () => number,
  ) {
    this.url = url;
    this.weight = weight;
    const { host, hostname } = new URL(url);
    this.name = host;
    const isName = isIP(hostname.replace(/^\[|\]$/g, '')) === 0 && hostname !== 'localhost';
    this.addresses = isName ? new HostAddresses(hostname, resolver, random) : undefined;
    this.transport = new Transport(url, upstream, clock, this.addresses);
    // A call that fails now may have started a whole timeout ago.
    const memory = upstream.breaker.window + upstream.timeout;
    this.tries = new RollingCount(memory, clock);
    this.failedTries = new RollingCount(memory, clock);
  }

  /** Whether its connections are made as this configuration says, so that it may keep them. */
  serves({ url }: TargetConfig, upstream: UpstreamConfig): boolean {
    return url === this.url && CONNECTION.every((key) => isSameConfig(upstream[key], this.upstream[key]));
  }

  /** Takes the values of a new configuration. */
  use({ weight }: TargetConfig, upstream: UpstreamConfig): void {
    this.weight = weight;
    this.upstream = upstream;
  }

  get isAvailable(): boolean {
    return this.healthy && !this.ejected;
  }

  /** Whether its latest try succeeded, lately, and the share of its failures would not open a breaker. */
  get works(): boolean {
    const { sum } = this.tries;
    return !this.lastTryFailed && sum > 0 && this.failedTries.sum / sum < this.upstream.breaker.errorRate;
  }

  /** @returns whether the target has now failed often enough in a row to be ejected */
  recordTry(failed: boolean): boolean {
    this.lastTryFailed = failed;
    this.tries.add();
    if (failed) this.failedTries.add();
    this.failuresInARow = failed ? this.failuresInARow + 1 : 0;
    return this.failuresInARow >= this.upstream.outlier.consecutiveFailures;
  }

  /** Ejects the target, longer each time in a row, until it has stayed well for a while. */
  eject(now: number): void {
    const { ejectFor } = this.upstream.outlier;
    const relapsed = this.ejected || now - this.returnedAt < ejectFor * RELAPSE;
    this.ejections = relapsed ? Math.min(this.ejections + 1, MAX_EJECTION_FACTOR) : 1;
    this.ejected = true;
    this.ejectedAt = now;
    this.trialFrom = now + ejectFor * this.ejections;
    this.trialAt = NEVER;
    this.failuresInARow = 0;
  }

  /** @param isSafe whether the request does no harm when it fails: then another target answers it */
  mayHaveTrial(now: number, isSafe: boolean): boolean {
    // A target that only gets requests that are not safe has to return as well.
    const due = isSafe ? this.trialFrom : this.trialFrom + this.upstream.outlier.ejectFor;
    return this.ejected && this.healthy && now >= due;
  }

  /** A trial that never ends must not keep the target out: some time after it another one may go. */
  startTrial(now: number): void {
    this.trialAt = now;
    this.trialFrom = now + this.upstream.timeout;
  }

  /** The trial ended without a result, so the next one may go. */
  endTrial(now: number): void {
    this.trialAt = NEVER;
    this.trialFrom = now;
  }

  readmit(now: number): void {
    this.ejected = false;
    this.returnedAt = now;
  }

  /** @returns whether its health changed */
  recordProbe(passed: boolean, { failures, passes }: HealthConfig): boolean {
    if (passed === this.healthy) {
      this.probeStreak = 0;
      return false;
    }
    this.probeStreak++;
    if (this.probeStreak < (passed ? passes : failures)) return false;
    this.probeStreak = 0;
    this.healthy = passed;
    return true;
  }
}

/** What the connections of a target depend on. */
const CONNECTION = ['tls', 'pool', 'connectTimeout', 'maxHeaderBytes'] as const;
const RELAPSE = 3;
const MAX_EJECTION_FACTOR = 10;
