import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../common/clock.js';
import { jittered } from '../../../common/resilience/jitter.js';
import type { JwksConfig, PublicKeyAlgorithm } from '../../config/gateway-config.js';
import type { FoundKeys, KeySource } from '../key-source.js';
import type { UnverifiedToken } from '../token-header.js';
import { Unavailable } from '../unavailable.js';
import { VerificationKey } from '../verification-key.js';
import { FetchError } from '../fetch-json.js';
import { readJwks } from './read-jwks.js';

/** Milliseconds; doubled with each failure in a row. */
const FIRST_RETRY = 1000;
const LAST_RETRY = 60_000;
const JITTER = 0.1;
/** Of keys with one `kid`, this many are tried: each costs a verification that anybody can ask for. */
const MOST_TRIED = 4;
/** Characters of ids that were found unknown, which are anybody's to choose. */
const MOST_UNKNOWN = 256 * 1024;

export type KeyRefreshResult =
  | 'success'
  | 'unreachable'
  | 'timeout'
  | 'status'
  | 'too_large'
  /** No JSON of the right form, or another issuer's discovery document. */
  | 'malformed'
  | 'no_usable_key';

export interface RemoteKeysOptions {
  readonly algorithms: readonly PublicKeyAlgorithm[];
  readonly config: JwksConfig;
  readonly clock: Clock;
  /** Brings whatever JSON is there; fails with a `FetchError`. */
  readonly fetch: (signal: AbortSignal) => Promise<unknown>;
  readonly onRefresh: (result: KeyRefreshResult) => void;
}

/**
 * The keys that an issuer publishes, fetched in the background and at most one fetch at a time. When a fetch fails,
 * those that are there stay in use up to `maxStale`; retries back off.
 */
export class RemoteKeys implements KeySource {
  /** Since when, by `nameOf`: keys that tokens named and the issuer did not have. */
  private readonly unknown = new LRUCache<string, number>({
    maxSize: MOST_UNKNOWN,
    sizeCalculation: (_, name) => name.length,
  });
  private byFingerprint = new Map<string, VerificationKey>();
  /** Monotonic milliseconds, as all times here. */
  private fetchedAt = 0;
  private attemptedAt = Number.NEGATIVE_INFINITY;
  /** When the timer fetches. */
  private nextAt = 0;
  private failures = 0;
  private underWay: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private running = false;
  private readonly stopped = new AbortController();

  constructor(private readonly options: RemoteKeysOptions) {}

  /** Fetches now and from time to time, until `stop`. */
  start(): void {
    this.running = true;
    void this.refresh();
  }

  stop(): void {
    this.running = false;
    clearTimeout(this.timer);
    this.stopped.abort();
  }

  find(token: UnverifiedToken): FoundKeys | Promise<FoundKeys> {
    const found = this.select(token);
    if (found) return found;
    const { clock, config } = this.options;
    // A flood of unknown ids is one fetch for each cool-down; while fetches fail, only the timer fetches.
    const mayFetch =
      this.failures === 0 && token.keyId !== undefined && clock.now() - this.attemptedAt >= config.cooldown;
    // One that was not there a moment ago need not wait to hear it again, however long the fetch takes.
    if (mayFetch || (this.underWay && !this.isUnknown(token))) {
      return this.refresh().then(() => this.select(token) ?? this.missing(token));
    }
    return this.missing(token);
  }

  /** Never fails: the outcome is told to `onRefresh`. Concurrent calls share one fetch. */
  refresh(): Promise<void> {
    return (this.underWay ??= this.load().finally(() => {
      this.underWay = undefined;
      this.schedule();
    }));
  }

  /** Nobody can say that a token is bad whose key could not be asked for. */
  private missing(token: UnverifiedToken): FoundKeys {
    if (this.byFingerprint.size > 0 && this.failures === 0) {
      if (!this.isUnknown(token)) this.unknown.set(nameOf(token), this.options.clock.now());
      return 'unknown_key';
    }
    return new Unavailable('keys_unavailable', this.nextAt - this.options.clock.now());
  }

  private isUnknown(token: UnverifiedToken): boolean {
    const { clock, config } = this.options;
    const since = this.unknown.get(nameOf(token));
    return since !== undefined && clock.now() - since < config.cooldown;
  }

  private select({ keyId, algorithm }: UnverifiedToken): readonly VerificationKey[] | undefined {
    const fitting: VerificationKey[] = [];
    for (const key of this.byFingerprint.values()) {
      if (key.fits(algorithm) && (keyId === undefined || key.id === keyId)) fitting.push(key);
    }
    // Without an id there is no telling which of several was meant.
    if (fitting.length === 0 || (keyId === undefined && fitting.length > 1)) return undefined;
    return fitting.slice(0, MOST_TRIED);
  }

  private async load(): Promise<void> {
    const { clock, config, fetch, onRefresh } = this.options;
    this.attemptedAt = clock.now();
    const result = await fetch(this.stopped.signal).then(
      (document) => this.accept(document),
      (error: unknown) => (error instanceof FetchError ? error.failure : 'unreachable'),
    );
    if (this.stopped.signal.aborted) return;
    if (result === 'success') {
      this.failures = 0;
      this.fetchedAt = clock.now();
    } else {
      this.failures++;
      if (clock.now() - this.fetchedAt >= config.maxStale) this.replace(new Map());
    }
    onRefresh(result);
  }

  private accept(document: unknown): KeyRefreshResult {
    const published = readJwks(document, this.options.algorithms);
    if (!published) return 'malformed';
    // More likely an issuer's mistake than its end; keys it means to withdraw go when they are stale.
    if (published.length === 0) return 'no_usable_key';
    const keys = new Map<string, VerificationKey>();
    for (const { fingerprint, key, algorithms, id } of published) {
      // The same object as before, so that tokens it has verified stay remembered.
      const known = this.byFingerprint.get(fingerprint);
      keys.set(fingerprint, known ?? new VerificationKey(key, algorithms, id));
    }
    this.replace(keys);
    return 'success';
  }

  private replace(keys: Map<string, VerificationKey>): void {
    for (const [fingerprint, key] of this.byFingerprint) {
      if (!keys.has(fingerprint)) key.retired = true;
    }
    this.byFingerprint = keys;
  }

  private schedule(): void {
    if (!this.running) return;
    clearTimeout(this.timer);
    const pause = this.pause();
    this.nextAt = this.options.clock.now() + pause;
    this.timer = setTimeout(() => void this.refresh(), pause).unref();
  }

  private pause(): number {
    const { config, clock } = this.options;
    const random = Math.random();
    if (this.failures === 0) return jittered(config.refresh, JITTER, random);
    const pause = Math.min(LAST_RETRY, config.refresh, FIRST_RETRY * 2 ** Math.min(this.failures - 1, 10));
    if (this.byFingerprint.size === 0) return jittered(pause, JITTER, random);
    // Not later than the keys get too old.
    const untilStale = this.fetchedAt + config.maxStale - clock.now();
    return Math.min(jittered(pause, JITTER, random), Math.max(untilStale, FIRST_RETRY));
  }
}

/** The key that a token wants; no algorithm has a blank in it. */
function nameOf({ algorithm, keyId }: UnverifiedToken): string {
  return keyId === undefined ? algorithm : `${algorithm} ${keyId}`;
}
