export interface UpstreamConfig {
  /** At least one; `url` is one of weight 1. */
  readonly targets: readonly TargetConfig[];
  readonly balancer: BalancerName;
  /** What `consistent-hash` goes by: the client's address, the user, or a header (lower case). */
  readonly hashOn: 'ip' | 'user' | `header:${string}`;
  readonly outlier: OutlierConfig;
  /** Over which a target that comes back gets its share again; 0: at once. */
  readonly slowStart: number;
  /** Until response headers. */
  readonly timeout: number;
  readonly connectTimeout: number;
  /** Idle time between two body chunks. */
  readonly bodyTimeout: number;
  readonly tls?: TlsConfig;
  readonly pool: { readonly connections: number };
  readonly bulkhead: BulkheadConfig;
  readonly retry: RetryConfig;
  readonly hedge?: HedgeConfig;
  readonly breaker: BreakerConfig;
  readonly health?: HealthConfig;
  readonly fallback?: FallbackConfig;
}

export type BalancerName = 'power-of-two' | 'round-robin' | 'random' | 'least-requests' | 'consistent-hash';

export interface TargetConfig {
  /** Origin, with an optional path prefix that is put before the forwarded path. */
  readonly url: string;
  readonly weight: number;
}

/** PEM texts are checked; `cert` and `key` come together and belong together. */
export interface TlsConfig {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly insecureSkipVerify: boolean;
}

export interface OutlierConfig {
  /** Failing tries in a row that eject a target. */
  readonly consecutiveFailures: number;
  readonly ejectFor: number;
  /** Share of the targets that may be out at a time. */
  readonly maxEjected: number;
}

export interface BulkheadConfig {
  readonly concurrent: number;
  /** The limit is learnt from latency; `concurrent` is the most it can be. */
  readonly adaptive: boolean;
  readonly queue: number;
}

export interface RetryConfig {
  /** Tries after the first; 0 for none. */
  readonly attempts: number;
  readonly on: readonly ('connect' | 'reset' | number)[];
  readonly backoff: { readonly base: number; readonly max: number };
  /** Largest share that retries have in the calls of the last ten seconds. */
  readonly budget: number;
  /** `undefined`: a try may take what is left of the deadline. */
  readonly perTryTimeout?: number;
  /** Larger bodies are sent once. */
  readonly maxBodyBytes: number;
}

/** A second try beside a slow first one. */
export interface HedgeConfig {
  /** Without a response head for this long; `p95` of the upstream's own latency of late. */
  readonly after: 'p95' | number;
}

export interface BreakerConfig {
  readonly errorRate: number;
  readonly window: number;
  readonly minRequests: number;
  readonly consecutiveFailures: number;
  readonly openFor: number;
  readonly maxOpenFor: number;
  readonly failureStatuses: readonly number[];
  /** `shadow` evaluates and reports, and rejects nothing. */
  readonly mode: 'enforce' | 'shadow';
}

export interface HealthConfig {
  readonly path: string;
  readonly interval: number;
  readonly unhealthyInterval: number;
  readonly timeout: number;
  /** Failing probes in a row that open the breaker. */
  readonly failures: number;
  /** Passing probes in a row that close it. */
  readonly passes: number;
  /** Inclusive ranges: `[200-299]` is `[[200, 299]]`. */
  readonly statuses: readonly (readonly [from: number, to: number])[];
}

/** What is tried in turn when an upstream fails; at least one of them is there. */
export interface FallbackConfig {
  /** Is in the `staleIfError` of the routes already. */
  readonly stale: boolean;
  /** Id of another upstream, from which no chain of fallbacks leads back. */
  readonly upstream?: string;
  readonly response?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    /** A string is sent as it is, anything else as JSON. */
    readonly body: unknown;
  };
}
