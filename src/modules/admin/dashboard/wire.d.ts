import type * as shapes from '../../timeline/shapes.js';

/** As `JSON.parse` returns it. */
type Wire<T> = T extends Date ? string : T extends object ? { readonly [K in keyof T]: Wire<T[K]> } : T;

export type Overview = Wire<shapes.Overview>;
export type Gateway = Overview['gateway'];
export type Tick = Wire<shapes.Tick>;
export type Report = Wire<shapes.UpstreamReport>;
export type TopRoutes = Wire<shapes.TopRoutes>;
export type RouteTraffic = Wire<shapes.RouteTraffic>;
export type TimelineEvent = Wire<shapes.TimelineEvent>;
export type Transition = Wire<shapes.TransitionEvent>;
export type UpstreamTimeline = Wire<shapes.UpstreamTimeline>;
export type Failure = Report['breaker']['lastFailures'][number];
export type Counts = Wire<shapes.TrafficCounts>;
export type Rates = Wire<shapes.Rates>;
export type Operator = shapes.Operator;

/** A message of `GET /admin/events`. */
export interface Message {
  readonly name: string;
  readonly id?: string;
  readonly data: unknown;
}

/**
 * `refused`: the gateway has answered, and will not let this reader in. Times are milliseconds since the epoch, by the clock of
 * this machine.
 */
export type Connection =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  | { readonly state: 'lost'; readonly since: number; readonly detail: string; readonly retryAt: number }
  | { readonly state: 'refused'; readonly since: number; readonly status: number; readonly retryAt: number };

/** What the page and `breakwater top` know. */
export interface Picture {
  /** Missing before the first overview. */
  gateway?: Gateway;
  /** Milliseconds since the epoch, by the clock of the gateway: of the newest data. */
  at: number;
  /** Milliseconds by which the clock of the gateway is ahead. */
  skew: number;
  readonly upstreams: Map<string, Report>;
  topRoutes: TopRoutes;
  providers: Overview['providers'];
  /** Oldest first, each once. */
  events: TimelineEvent[];
  readonly seen: Set<string>;
}
