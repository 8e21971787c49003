import type { RemoteProvider } from '../auth/auth-providers.js';
import type { ConfigDiff } from '../config/reload/config-diff.js';
import type { ReloadCause } from '../config/reload/config-reloader.js';
import type { CodeRouteEntry } from '../proxy/code/code-route-finder.js';
import type { OverloadChange, OverloadReason } from '../server/overload/overload.service.js';
import type {
  BreakerFailure,
  BreakerState,
  TransitionReason,
  Votes,
} from '../upstream/breaker/breaker.types.js';

/*
 * What `GET /admin/overview`, `GET /admin/upstreams/:name/timeline` and `GET /admin/events` answer with. Dates are texts
 * in ISO 8601 in JSON, and members that are `undefined` are missing there.
 */

/** How requests ended for their callers. All but `rejected` and `overloaded` exclude each other; the rest went well. */
export interface TrafficCounts {
  readonly requests: number;
  /** The caller got a status of 500 or above, or a response that was cut off, and nothing in its place. */
  readonly errors: number;
  /** The breaker was open, whatever the caller got. */
  readonly rejected: number;
  /** The bulkhead was full, whatever the caller got. */
  readonly overloaded: number;
  /** The caller got the response of the fallback upstream, or the configured one. */
  readonly fallbacks: number;
  /** The caller got a stale copy in place of an error. */
  readonly stale: number;
  /** The caller got a stored response without a call. */
  readonly cached: number;
}

/** Milliseconds from the request to the end of its response, to 19%; missing without requests. */
export interface Percentiles {
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
}

/** What callers of a route got. */
export interface RouteTraffic extends Pick<TrafficCounts, 'requests' | 'errors'> {
  /** As the label of the metrics: the id, the path of a handler of code, or `none` for requests without a route. */
  readonly route: string;
  /** Milliseconds, to 19%: of the last one to two minutes. */
  readonly p95?: number | undefined;
}

/** The answer of `GET /admin/routes/top`. */
export interface TopRoutes {
  /** How many seconds the counts cover: up to ten more than were asked for. */
  readonly seconds: number;
  /** Those with requests. */
  readonly routes: readonly RouteTraffic[];
}

/** Counts of one second each, oldest first. */
export interface Rates extends Readonly<Record<keyof TrafficCounts, readonly number[]>> {
  /** The second of the first counts, in seconds since the epoch. The last one is the second before this one. */
  readonly from: number;
  /** Milliseconds; `null` in seconds without requests. */
  readonly p50: readonly (number | null)[];
  readonly p95: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
}

export type TargetState = 'available' | 'ejected' | 'unhealthy';

/** Who used the admin API. */
export interface Operator {
  /** Address of the peer. */
  readonly peer: string;
  /** The user name of basic authentication, `token` for a bearer token, and `anybody` when none is configured. */
  readonly name: string;
}

/** Something that an operator did. */
export interface ManualAction {
  /** Such as `breaker.isolate`, `fault.set`, `log-level.set`, `config.reload`, `cache.purge`, `token.revoke`. */
  readonly action: string;
  /** The upstream, the route, or what else it was done to. */
  readonly subject?: string;
  /** In the words of the operator. */
  readonly reason?: string;
  readonly by: Operator;
  /** Milliseconds after which it ends by itself. */
  readonly lasts?: number;
  /** Whether other replicas know of it. Missing when it only concerns this gateway, or came from another replica. */
  readonly shared?: boolean;
  /** Came from another replica. */
  readonly isRemote?: true;
}

/** An entry of `GET /admin/audit`. */
export interface AuditEntry extends ManualAction {
  readonly at: Date;
}

/** A fault that is injected into a route. */
export interface FaultOverview {
  readonly route: string;
  /** For which share of the requests, 0..1, and by how many milliseconds. */
  readonly delay?: { readonly share: number; readonly ms: number };
  readonly abort?: { readonly share: number; readonly status: number };
  /** Seconds; missing for a fault of the configuration, which does not end. */
  readonly endsIn?: number;
}

/** A member of `GET /admin/routes`. */
export interface RouteOverview {
  readonly id: string;
  readonly path: string;
  /** Empty: every method, or every host. */
  readonly methods: readonly string[];
  readonly hosts: readonly string[];
  /** Names of the headers that a request must have. */
  readonly headers: readonly string[];
  readonly upstreams: readonly string[];
  /** Whether it takes requests without a credential. */
  readonly isPublic: boolean;
  readonly cache?: { readonly per: string; readonly ttlMs: number };
  /** The upstream that gets copies. */
  readonly mirror?: string;
  readonly websocket: boolean;
}

export interface TargetOverview {
  /** Host and port. */
  readonly name: string;
  readonly state: TargetState;
  /** Seconds until an ejected target may have a trial. */
  readonly trialIn?: number;
  /** Tries in flight and open WebSockets. */
  readonly inFlight: number;
}

export interface UpstreamOverview {
  readonly id: string;
  readonly breaker: {
    readonly state: BreakerState;
    readonly mode: 'enforce' | 'shadow';
    /** When it got into this state, and why; missing before the first transition. */
    readonly since?: Date;
    readonly reason?: TransitionReason;
    /** Seconds until the next trial; only while it is open. An isolated one has a trial when its isolation ends. */
    readonly retryAfter?: number;
    /** An operator keeps it open: for so many seconds, or until somebody releases it (`null`). */
    readonly isolatedFor?: number | null;
    /** Of the calls in its window. */
    readonly votes: Votes;
    /** At most the last five, oldest first. */
    readonly lastFailures: readonly BreakerFailure[];
  };
  /** What callers get in place of a failure, in this order; missing when they get the failure. */
  readonly fallback?: { readonly stale: boolean; readonly upstream?: string; readonly status?: number };
  /** The newest probe, of a target that passed it if there is one; missing without probes. */
  readonly probe?: { readonly passed: boolean; readonly detail: string };
  /** Only while probes fail and are ignored, because none has passed since the start. */
  readonly ignoredProbe?: { readonly path?: string; readonly result?: string };
  readonly bulkhead: { readonly inFlight: number; readonly queued: number; readonly streams: number };
  readonly targets: readonly TargetOverview[];
}

/**
 * `down`: no call is admitted, or no target is available. `degraded`: a target is not available, the breaker is
 * half-open, the bulkhead rejects calls, or callers got errors in the last ten seconds.
 */
export type UpstreamStatus = 'ok' | 'degraded' | 'down';

export interface UpstreamReport extends UpstreamOverview {
  readonly status: UpstreamStatus;
  /** What callers got in the last ten seconds. */
  readonly callers: TrafficCounts & Percentiles;
  /** What callers got since the breaker left `closed` or opened again, of the last 15 minutes at most. */
  readonly sinceTransition?: TrafficCounts;
}

/** The answer of `GET /admin/overview`, and the data of the event `overview`. */
export interface OverloadOverview {
  readonly reason: OverloadReason;
  /** The first rejection. */
  readonly since: Date;
  /** Over the last ten seconds, of all processes. */
  readonly rejectedPerSecond: number;
}

export interface Overview {
  readonly at: Date;
  /** Of the newest event in it: with `Last-Event-ID`, the stream goes on from there. */
  readonly lastEventId: string;
  readonly gateway: {
    readonly phase: 'starting' | 'serving' | 'draining';
    /** Of the configuration. */
    readonly revision: number;
    readonly hash: string;
    /** Settings that wait for a restart. */
    readonly restartFor: readonly string[];
    /** Why the last reload failed; missing when it did not. */
    readonly reloadError?: string;
    /** Missing when it is not configured. */
    readonly redis?: { readonly up: boolean };
    /** How many replicas share their breakers, this one included; 0 when it shares with none. */
    readonly replicas: number;
    /** The level of the log, and the seconds until the configured one is back, if an operator has set it. */
    readonly logLevel: { readonly level: string; readonly endsIn?: number };
    /** While requests are rejected because a process is overloaded, and for a minute after. */
    readonly overloads: readonly OverloadOverview[];
    /** Faults that are injected now. */
    readonly faults: readonly FaultOverview[];
  };
  readonly upstreams: readonly UpstreamReport[];
  /** Of the last minute: the ten with the most errors, and the ten with the most requests, each once. */
  readonly topRoutes: TopRoutes;
  /** The handlers of controllers of code. */
  readonly codeRoutes: readonly CodeRouteEntry[];
  /** Those whose keys are fetched. */
  readonly providers: readonly RemoteProvider[];
  /** The last 100 transitions of all breakers, newest first. */
  readonly timeline: readonly TransitionEvent[];
}

/** The data of the event `tick`, once a second: what differs from the tick before. */
export interface Tick {
  readonly at: Date;
  readonly gateway: Overview['gateway'];
  readonly upstreams: readonly UpstreamReport[];
  readonly topRoutes: TopRoutes;
  /** Ids of upstreams that are not configured any more. */
  readonly removed: readonly string[];
}

/** The answer of `GET /admin/upstreams/:name/timeline`. */
export interface UpstreamTimeline {
  readonly upstream: UpstreamReport;
  /** The last 50, newest first. */
  readonly events: readonly TimelineEvent[];
  readonly rates: Rates;
}

type Happening =
  | {
      readonly kind: 'transition';
      readonly upstream: string;
      readonly from: BreakerState;
      readonly to: BreakerState;
      readonly reason: TransitionReason;
      /** Of the calls in the window of the breaker. */
      readonly votes: Votes;
      /** At most the last five, oldest first. */
      readonly failures: readonly BreakerFailure[];
      /** Seconds until the next trial; only when it has opened. */
      readonly retryAfter?: number;
    }
  /** The result of a probe differs from the one before. */
  | {
      readonly kind: 'probe';
      readonly upstream: string;
      /** Host and port. */
      readonly target: string;
      readonly passed: boolean;
      /** Status or error code. */
      readonly detail: string;
    }
  | {
      readonly kind: 'target';
      readonly upstream: string;
      readonly target: string;
      readonly from: TargetState;
      readonly to: TargetState;
    }
  /** The bulkhead began to reject calls, or has rejected none for ten seconds. */
  | {
      readonly kind: 'overload';
      readonly upstream: string;
      readonly isOver: boolean;
      readonly rejected: number;
    }
  /** An overload of the gateway itself begins, or is over in all of its workers. */
  | ({ readonly kind: 'gateway-overload' } & OverloadChange)
  | {
      readonly kind: 'reload';
      readonly cause: ReloadCause;
      readonly result: 'applied' | 'unchanged' | 'failed';
      readonly revision: number;
      readonly hash: string;
      readonly diff?: ConfigDiff;
      readonly error?: string;
    }
  /** A reload has added or removed the upstream. */
  | { readonly kind: 'upstream'; readonly upstream: string; readonly isRemoved: boolean }
  | ({ readonly kind: 'action'; readonly upstream?: string } & ManualAction)
  /** What an operator did has ended by itself. */
  | { readonly kind: 'action-ended'; readonly action: string; readonly subject?: string }
  | { readonly kind: 'redis'; readonly up: boolean; readonly reason?: string }
  /** The keys of a token issuer are fetched again, or cannot be fetched. */
  | { readonly kind: 'keys'; readonly provider: string; readonly result: string };

export type TimelineEvent = Happening & {
  /** Grows with each event of a process; those of another process have another text before the dot. */
  readonly id: string;
  readonly at: Date;
};

export type TransitionEvent = Extract<TimelineEvent, { readonly kind: 'transition' }>;

/** An event that has no id and no time yet. */
export type NewEvent = Happening;
