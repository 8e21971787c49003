import type { ShutdownOptions } from '../process-end.js';
import type { UpstreamOverview } from '../modules/timeline/shapes.js';
import type { Denial } from '../modules/auth/denylist/token-denylist.service.js';
import type { ListRequest, PurgeRequest } from '../modules/cache/invalidator.js';
import type { StoredEntry } from '../modules/cache/response-cache.js';
import type { Invalidation } from '../modules/cache/shared/invalidation-channel.js';
import type { LevelOverride } from '../modules/config/log-level.js';
import type { FaultChange } from '../modules/proxy/runtime-faults.js';
import type { ConfigText } from '../modules/config/reload/config-text.js';
import type { MetricValues } from '../modules/metrics/metrics-text.js';
import type { OverloadChange } from '../modules/server/overload/overload.service.js';
import type { TrafficSample } from '../modules/timeline/traffic-history.js';
import type { RateLimitOverview } from '../modules/rate-limit/rate-limits.service.js';
import type { SharedTake } from '../modules/rate-limit/shared-buckets.js';
import type { BreakerNews, Votes } from '../modules/upstream/breaker/breaker.types.js';
import type { ProbeResult } from '../modules/upstream/probe-record.js';

/*
 * The messages between the primary and its workers. Node sends them in their order, as structured clones.
 */

/** Something that has happened in one process, and holds for all. */
export type SharedEvent =
  | { readonly kind: 'breaker'; readonly upstream: string; readonly news: BreakerNews }
  | { readonly kind: 'votes'; readonly votes: readonly (readonly [upstream: string, votes: Votes])[] }
  | {
      readonly kind: 'target';
      readonly upstream: string;
      readonly url: string;
      /** Or it has returned. */
      readonly isEjected: boolean;
    }
  | {
      readonly kind: 'probes';
      readonly upstream: string;
      /** By the URL of the target. */
      readonly results: ReadonlyMap<string, ProbeResult>;
    }
  | { readonly kind: 'invalidation'; readonly invalidation: Invalidation }
  | { readonly kind: 'fault'; readonly change: FaultChange }
  | { readonly kind: 'log-level'; readonly override: LevelOverride | undefined }
  | { readonly kind: 'denials'; readonly denials: readonly Denial[] };

/** A request that the primary counts against a limit. */
export type TakeRequest = readonly [limiter: string, key: string];

export type Metrics = readonly MetricValues[];

/** What the primary asks of a worker. */
export interface WorkerCalls {
  /** Compiles a configuration, for `commit`. */
  prepare(text: ConfigText): Promise<void>;
  /** Puts the prepared configuration in force. */
  commit(argument: null): Promise<void>;
  ping(argument: null): Promise<void>;
  metrics(argument: null): Promise<Metrics>;
  upstreams(argument: null): Promise<readonly UpstreamOverview[]>;
  rateLimits(argument: null): Promise<readonly RateLimitOverview[]>;
  purge(what: PurgeRequest): Promise<number>;
  entries(what: ListRequest): Promise<readonly StoredEntry[]>;
  deny(denials: readonly Denial[]): Promise<void>;
}

export type CallName = keyof WorkerCalls;
export type Argument<N extends CallName> = Parameters<WorkerCalls[N]>[0];
export type Result<N extends CallName> = Awaited<ReturnType<WorkerCalls[N]>>;

/** With what a worker begins. */
export interface WorkerStart {
  readonly config: ConfigText;
  readonly worker: number;
  /** Whether others serve while it starts. */
  readonly isReplacement: boolean;
  /** What has happened before. */
  readonly events: readonly SharedEvent[];
}

export type ToWorker =
  | { readonly type: 'start'; readonly start: WorkerStart }
  | { readonly type: 'event'; readonly event: SharedEvent }
  | { readonly type: 'call'; readonly id: number; readonly name: CallName; readonly argument: unknown }
  /** The answers to `take`; none for limits that the primary does not know. */
  | { readonly type: 'taken'; readonly id: number; readonly taken: readonly (SharedTake | undefined)[] }
  | { readonly type: 'shutdown'; readonly options: ShutdownOptions };

export type ToPrimary =
  | { readonly type: 'event'; readonly event: SharedEvent }
  | { readonly type: 'traffic'; readonly sample: TrafficSample }
  | { readonly type: 'overload'; readonly change: OverloadChange }
  | { readonly type: 'take'; readonly id: number; readonly requests: readonly TakeRequest[] }
  | { readonly type: 'listening'; readonly address: string; readonly url: string }
  /** It cannot start, for a reason that is the user's. */
  | { readonly type: 'failed'; readonly message: string }
  /** It takes no more connections, because of an error that nothing has caught. */
  | { readonly type: 'leaving' }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number; readonly message: string };
