/** What a run is asked to do. `scripts/chaos.mjs` passes it as JSON. */
export interface ChaosOptions {
  readonly seed: number;
  /** Seconds of each part of the run. */
  readonly warmUp: number;
  readonly baseline: number;
  readonly faults: number;
  /** Users that arrive each second, each of whom makes a few requests. */
  readonly rate: number;
  /** An existing folder for the report and the files that the run needs. */
  readonly folder: string;
  /** With it, breakers are evaluated but reject nothing, so that objectives must fail. */
  readonly withoutBreaker: boolean;
}

/** The flows of test/chaos/artillery, and where their requests end. */
export const FLOWS = ['users', 'orders', 'cached', 'streaming', 'websocket'] as const;
export type Flow = (typeof FLOWS)[number];

export const SERVICES = ['users', 'orders', 'live'] as const;
export type Service = (typeof SERVICES)[number];

export const SERVICE_OF: Readonly<Record<Flow, Service>> = {
  users: 'users',
  cached: 'users',
  orders: 'orders',
  streaming: 'live',
  websocket: 'live',
};

/** What a client noted about one request, or about one WebSocket from its handshake to its end. */
export interface RequestRecord {
  readonly flow: Flow;
  /** Milliseconds since 1970, as in every other record. */
  readonly at: number;
  /** Milliseconds until the end of the response; of a stream, until its head. */
  readonly ms: number;
  readonly status?: number;
  /** `Breakwater-Fallback` of the response. */
  readonly fallback?: string;
  /** `Cache-Status` of the response. */
  readonly cache?: string;
  /** Why there is no whole response, such as `ECONNRESET`. */
  readonly error?: string;
}

/** A time in which a process was ready to run and had no CPU. */
export interface Stall {
  readonly at: number;
  readonly ms: number;
}

export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** A change of a breaker, as the gateway logs it. */
export interface Transition {
  readonly at: number;
  readonly upstream: string;
  readonly to: 'open' | 'half-open' | 'closed';
  readonly reason: string;
  /** The last failure before it opened, such as `connect_failed ECONNREFUSED`. */
  readonly cause?: string;
}

/** What `/metrics` of the gateway says at one time. */
export interface GatewaySample {
  readonly at: number;
  readonly heapMiB: number;
  readonly sockets: number;
}

/** What the gateway holds after a garbage collection while no request is in flight. */
export interface Footprint {
  readonly heapMiB: number;
  readonly sockets: number;
  readonly timers: number;
}
