/**
 * A scenario is plain data: what the upstreams are, what goes wrong, and what clients do. All times are milliseconds,
 * those named `at` from the start of the drill.
 */
export interface Scenario {
  readonly name: string;
  readonly services: readonly ServicePlan[];
  readonly faults: readonly Fault[];
  readonly clients: readonly ClientPlan[];
  /** Whether a Redis server is the shared tier of the cache. */
  readonly redis?: boolean;
}

export interface ServicePlan {
  readonly id: string;
  /** How many target processes it has. */
  readonly targets: number;
  /** Keys of the upstream as the configuration file has them; the shipped defaults apply to the rest. */
  readonly config: UpstreamKeys;
}

/** The keys that a scenario varies. */
export interface UpstreamKeys {
  readonly balancer?: string;
  readonly timeout?: string;
  readonly bodyTimeout?: string;
  readonly hedge?: { readonly after: string };
  readonly pool?: { readonly connections?: number };
  readonly fallback?: { readonly upstream: string };
  readonly bulkhead?: {
    readonly adaptive?: boolean;
    readonly concurrent?: number;
    readonly queue?: number;
    readonly streams?: number;
  };
  readonly retry?: { readonly attempts?: number; readonly perTryTimeout?: string };
  readonly outlier?: { readonly consecutiveFailures?: number; readonly ejectFor?: string };
  readonly health?: { readonly interval?: string; readonly timeout?: string; readonly failures?: number };
  readonly breaker?: {
    readonly errorRate?: string;
    readonly window?: string;
    readonly minRequests?: number;
    readonly consecutiveFailures?: number;
    readonly openFor?: string;
    readonly maxOpenFor?: string;
  };
}

/**
 * What happens to a target, to the Redis server, or (`pause`) to the gateway, which is stopped by a signal as by the pause
 * of its machine.
 */
export type Fault =
  | {
      readonly kind: TargetFault;
      readonly service: string;
      readonly target: number;
      readonly at: number;
      readonly for: number;
    }
  | {
      readonly kind: 'pause' | 'redis-freeze' | 'redis-kill';
      readonly at: number;
      readonly for: number;
    };

export type TargetFault =
  /** The process is stopped, and its sockets stay open. */
  | 'freeze'
  /** The process is killed and started again on its port. */
  | 'kill'
  /** It answers 503. */
  | 'status'
  /** It resets the connection in place of an answer. */
  | 'reset'
  /** It closes the connection in the middle of the body. */
  | 'cut'
  /** It answers later than any `timeout`. */
  | 'slow';

export interface ClientPlan {
  readonly kind: ClientKind;
  readonly service: string;
  readonly at: number;
  /** Clients that act at the same time. A pipelining client sends this many requests on its one connection. */
  readonly count: number;
  /** For how long each client sends a request after the response to the last one; 0 for a single request. */
  readonly for: number;
  /** Milliseconds between a response and the next request of the same client. */
  readonly gap: number;
  readonly response: ResponsePlan;
}

export type ClientKind =
  | 'get'
  | 'post'
  | 'head'
  | 'delete'
  /** A `PUT` whose body takes 300 ms to send, or as long as that of the response if that is longer. */
  | 'upload'
  /** Reads an event stream to its end. */
  | 'stream'
  /** Opens a WebSocket, gets a message, and closes it after the time that a body takes. */
  | 'socket'
  /** Reads slowly. */
  | 'reader'
  /** Leaves after 100 ms. */
  | 'leaver'
  /** Sends all of its requests at once on one connection. */
  | 'pipeline'
  /** All clients ask for the same cacheable resource, some of them with `HEAD`, and a few with credentials (`judged`). */
  | 'cached'
  /** One of `cached`: with credentials on a route without auth, where only the upstream knows what they mean. */
  | 'judged'
  /** Users ask for the same resource, of which each has a copy. */
  | 'mine'
  /** Users ask for the same resource, and so do clients without a token, on a route where auth is optional. */
  | 'mixed';

/** What a healthy target answers. */
export interface ResponsePlan {
  /** Milliseconds until the head. */
  readonly ms: number;
  readonly bytes: number;
  /** Milliseconds that the body takes after the head. */
  readonly over: number;
}

/** Milliseconds beyond every limit that a loaded machine may take. */
export const SLACK = 10_000;

/**
 * A request may wait for the response to another one, then for a place, and then for the upstream, each time as long as
 * its `timeout`.
 */
export const MOST_WAITS = 3;

/** The shipped defaults that the oracle has to know. */
const DEFAULTS = {
  timeout: 3_000,
  bodyTimeout: 30_000,
  concurrent: 256,
  streams: 1_024,
  attempts: 1,
  errorRate: 0.5,
  window: 10_000,
  minRequests: 20,
  consecutiveFailures: 5,
  openFor: 5_000,
  maxOpenFor: 60_000,
};

/** @returns the limits of a service in numbers */
export function limitsOf({ config, targets }: ServicePlan): typeof DEFAULTS {
  const { bulkhead, breaker, retry, pool } = config;
  const connections = pool?.connections === undefined ? Infinity : pool.connections * targets;
  return {
    timeout: durationOf(config.timeout) ?? DEFAULTS.timeout,
    bodyTimeout: durationOf(config.bodyTimeout) ?? DEFAULTS.bodyTimeout,
    // A pool that is smaller than the bulkhead, because the user wanted it, is the limit.
    concurrent: Math.min(bulkhead?.concurrent ?? DEFAULTS.concurrent, connections),
    streams: Math.min(bulkhead?.streams ?? DEFAULTS.streams, connections),
    attempts: retry?.attempts ?? DEFAULTS.attempts,
    errorRate: breaker?.errorRate === undefined ? DEFAULTS.errorRate : parseInt(breaker.errorRate, 10) / 100,
    window: durationOf(breaker?.window) ?? DEFAULTS.window,
    minRequests: breaker?.minRequests ?? DEFAULTS.minRequests,
    consecutiveFailures: breaker?.consecutiveFailures ?? DEFAULTS.consecutiveFailures,
    openFor: durationOf(breaker?.openFor) ?? DEFAULTS.openFor,
    maxOpenFor: durationOf(breaker?.maxOpenFor) ?? DEFAULTS.maxOpenFor,
  };
}

/** @returns milliseconds */
function durationOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return parseInt(text, 10) * (text.endsWith('ms') ? 1 : 1_000);
}
