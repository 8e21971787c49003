import type { ClientKind, Fault, Scenario } from './scenario.js';

/** What was seen from outside of the gateway during a drill. All times are milliseconds of the wall clock. */
export interface Recording {
  readonly scenario: Scenario;
  readonly startedAt: number;
  readonly requests: readonly ClientRecord[];
  readonly arrivals: readonly Arrival[];
  readonly transitions: readonly Transition[];
  /** When each fault really began and ended. */
  readonly faults: readonly FaultRecord[];
  /** When processes of the drill did not get the CPU. */
  readonly stalls: readonly Stall[];
  readonly recoveries: readonly Recovery[];
  /** Before the first request and after the last one; the second one waits some time to become like the first. */
  readonly rest: { readonly before: Held; readonly after: Held };
  readonly drain: DrainRecord;
}

/** What became of the gateway on SIGTERM. */
export interface DrainRecord {
  /** Those that were under way, and those that came while load balancers take notice. */
  readonly requests: readonly ClientRecord[];
  /** The exit code or the signal; `late` when it was still running some time after the last response. */
  readonly exit: number | string | null;
}

/** One request of a client. */
export interface ClientRecord {
  readonly id: string;
  readonly kind: ClientKind;
  readonly service: string;
  readonly method: string;
  /** Path and query: what the target has to answer. */
  readonly key: string;
  readonly user?: string;
  readonly sentAt: number;
  /** Bytes of the request body. */
  readonly uploaded: number;
  headAt?: number;
  status?: number;
  /** The `code` of a problem document of the gateway. */
  code?: string;
  endAt?: number;
  /**
   * `left`: by the client itself. `hung`: nothing more came until the drill was over. `refused`: there was no connection.
   */
  end?: 'whole' | 'cut' | 'left' | 'hung' | 'refused';
  bytes: number;
  /** What the first line of the body says. */
  tag?: Tag;
}

/** The first line of each response body of a target: which arrival it answers, and whose. */
export interface Tag {
  readonly serial: string;
  readonly key: string;
  readonly user?: string;
  /** Bytes of the whole body. */
  readonly bytes: number;
  /** Bytes of the request body that the target has received. */
  readonly received: number;
}

/** One request that reached a target. */
export interface Arrival {
  readonly serial: string;
  readonly id: string;
  readonly service: string;
  readonly target: number;
  readonly method: string;
  readonly key: string;
  readonly user?: string;
  readonly at: number;
  headAt?: number;
  status?: number;
  endAt?: number;
  /** `gone`: the gateway closed the connection. Without it, the target never came so far. */
  end?: 'whole' | 'reset' | 'cut' | 'gone';
}

export interface Transition {
  readonly service: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly at: number;
}

export interface FaultRecord {
  readonly fault: Fault;
  readonly from: number;
  to: number;
}

/** A process that should have run at `from` ran only at `to`. */
export interface Stall {
  /** `service/target`, or `drill` for the process of the clients. */
  readonly of: string;
  readonly from: number;
  readonly to: number;
}

/** How a service came back after the last fault. */
export interface Recovery {
  readonly service: string;
  /** From when all of its targets were well, and clients asked again and again. */
  readonly wellAt: number;
  /** When a client got a response of a target again. */
  readonly answeredAt?: number;
}

/** What the gateway process holds. */
export interface Held {
  /** Tries to targets. */
  readonly calls: number;
  readonly inFlight: number;
  readonly queued: number;
  readonly sockets: number;
  readonly timers: number;
  /** Objects that belong to requests. */
  readonly objects: number;
  readonly heapMiB: number;
}
