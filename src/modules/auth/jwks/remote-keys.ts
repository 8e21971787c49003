import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../common/clock.js';
import type { Event } from '../../../common/event.js';
import { jittered } from '../../../common/resilience/jitter.js';
import type { JwksConfig, PublicKeyAlgorithm } from '../../config/gateway-config.js';
import type { UnverifiedToken } from '../bearer-token.js';
import { FetchError, type FetchFailure } from '../fetch-json.js';
import type { FoundKeys } from '../jwt-provider.js';
import { Unavailable } from '../refusal.js';
import { VerificationKey } from '../verification-key.js';
import type { KeyEndpoint } from './key-endpoint.js';
import { readJwks } from './read-jwks.js';

/** Milliseconds; doubled with each failure in a row. */
const FIRST_RETRY = 1000;
const LAST_RETRY = 60_000;
/** Before the first success nobody can use the gateway, or it is not even ready. */
const LAST_FIRST_RETRY = 5_000;
const JITTER = 0.1;
/** Keys that are tried for one token: each costs a verification, and anybody can cause one. */
const MAX_TRIED = 8;
/** Characters of unknown key ids, which anybody can choose. */
const MAX_UNKNOWN_SIZE = 256 * 1024;

export type KeyRefreshResult = 'success' | FetchFailure | 'no_usable_key';

/** One fetch of the keys of a provider. */
export interface KeyRefresh {
  readonly provider: string;
  readonly result: KeyRefreshResult;
  /** Without a query. */
  readonly url: string | undefined;
  /** Status or error code, if there is one. */
  readonly code: string | number | undefined;
  /** Milliseconds that it took. */
  readonly durationMs: number;
}

export interface RemoteKeysOptions {
  /** Id of the provider. */
  readonly provider: string;
  readonly algorithms: readonly PublicKeyAlgorithm[];
  readonly config: JwksConfig;
  readonly clock: Clock;
  readonly endpoint: Pick<KeyEndpoint, 'fetch' | 'lastUrl'>;
  readonly refreshed: Event<KeyRefresh>;
}

/** Keys are `stale` when the last fetch failed, and `missing` before the first one or after `maxStale`. */
export type KeyState = 'fresh' | 'stale' | 'missing';

/**
 * The keys that an issuer publishes. They are fetched in the background, by one fetch at a time. When a fetch fails, it
 * is retried with backoff, and the keys stay in use for up to `maxStale`.
 */
export class RemoteKeys {
  /** The result of the last fetch; `undefined` before the first one. */
  lastFetch: KeyRefreshResult | undefined;
  /** When the issuer did not have a key that a token names, by `nameOf`. */
  private readonly unknown = new LRUCache<string, number>({
    maxSize: MAX_UNKNOWN_SIZE,
    sizeCalculation: (_, name) => name.length,
  });
  private byFingerprint = new Map<string, VerificationKey>();
  /** Monotonic milliseconds, as all times here. */
  private fetchedAt = Number.NEGATIVE_INFINITY;
  private attemptedAt = Number.NEGATIVE_INFINITY;
  private nextAt = 0;
  private failures = 0;
  private pending: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private running = false;
  private readonly stopped = new AbortController();

  constructor(private readonly options: RemoteKeysOptions) {}

  get state(): KeyState {
    if (this.byFingerprint.size === 0) return 'missing';
    return this.failures === 0 ? 'fresh' : 'stale';
  }

  /** Whether keys were ever fetched, or need not be. */
  get isReady(): boolean {
    return this.wereFetched || !this.options.config.required;
  }

  private get wereFetched(): boolean {
    return this.fetchedAt > Number.NEGATIVE_INFINITY;
  }

  /** Fetches now and then periodically, until `stop`. */
  start(): void {
    this.running = true;
    void this.refresh();
  }

  stop(): void {
    this.retire();
    this.stopped.abort();
  }

  /** Fetches no more, except for the requests that began before a reload. */
  retire(): void {
    this.running = false;
    clearTimeout(this.timer);
  }

  /** @returns the keys that may have signed the token; a promise only when they must be fetched first */
  find(token: UnverifiedToken): FoundKeys | Promise<FoundKeys> {
    const found = this.select(token);
    if (found) return found;
    const { clock, config } = this.options;
    // A flood of unknown ids causes one fetch in each cooldown; while fetches fail, only the timer fetches.
    const mayFetch =
      this.failures === 0 && token.keyId !== undefined && clock.now() - this.attemptedAt >= config.cooldown;
    // A token whose key was missing a moment ago is refused without waiting for a slow fetch.
    if (mayFetch || (this.pending && !this.isUnknown(token))) {
      return this.refresh().then(() => this.select(token) ?? this.missing(token));
    }
    return this.missing(token);
  }

  /** Never rejects: `refreshed` tells the result. Concurrent calls share one fetch. */
  refresh(): Promise<void> {
    return (this.pending ??= this.load().finally(() => {
      this.pending = undefined;
      this.schedule();
    }));
  }

  /** While keys cannot be fetched, nobody can say that a token is invalid. */
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
    const fitting = [...this.byFingerprint.values()].filter((key) => key.fits(algorithm));
    // Without ids on both sides, only the signature tells which one of several keys was meant.
    const isNamed = keyId !== undefined && fitting.some(({ id }) => id !== undefined);
    const chosen = isNamed ? fitting.filter(({ id }) => id === keyId) : fitting;
    return chosen.length === 0 ? undefined : chosen.slice(0, MAX_TRIED);
  }

  private async load(): Promise<void> {
    const { provider, clock, config, endpoint, refreshed } = this.options;
    this.attemptedAt = clock.now();
    let failure: FetchError | undefined;
    const result = await endpoint.fetch(this.stopped.signal).then(
      (document) => this.accept(document),
      (error: unknown) => {
        failure = error instanceof FetchError ? error : new FetchError('unreachable');
        return failure.failure;
      },
    );
    if (this.stopped.signal.aborted) return;
    this.lastFetch = result;
    if (result === 'success') {
      this.failures = 0;
      this.fetchedAt = clock.now();
    } else {
      this.failures++;
      if (clock.now() - this.fetchedAt >= config.maxStale) this.replace(new Map());
    }
    const code = failure?.status ?? failure?.code;
    const durationMs = clock.now() - this.attemptedAt;
    refreshed.emit({ provider, result, url: endpoint.lastUrl, code, durationMs });
  }

  private accept(document: unknown): KeyRefreshResult {
    const published = readJwks(document, this.options.algorithms);
    if (!published) return 'malformed';
    // An issuer that publishes no key has probably made a mistake; withdrawn keys go when they are stale.
    if (published.length === 0) return 'no_usable_key';
    this.replace(
      new Map(
        published.map(({ fingerprint, key, algorithms, id }) => [
          fingerprint,
          // The same object as before, so that tokens that it has verified stay remembered.
          this.byFingerprint.get(fingerprint) ?? new VerificationKey(key, algorithms, id),
        ]),
      ),
    );
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
    const backoff = FIRST_RETRY * 2 ** Math.min(this.failures - 1, 10);
    const pause = jittered(
      Math.min(this.wereFetched ? LAST_RETRY : LAST_FIRST_RETRY, config.refresh, backoff),
      JITTER,
      random,
    );
    if (this.byFingerprint.size === 0) return pause;
    // Not later than the keys become too old.
    const untilStale = this.fetchedAt + config.maxStale - clock.now();
    return Math.min(pause, Math.max(untilStale, FIRST_RETRY));
  }
}

/** Names the key that a token needs; no algorithm has a space in it. */
function nameOf({ algorithm, keyId }: UnverifiedToken): string {
  return keyId === undefined ? algorithm : `${algorithm} ${keyId}`;
}
