import { judge } from './oracle.js';
import type { Arrival, ClientRecord, DrainRecord, Held, Recording, Transition } from './recording.js';
import type { Fault, UpstreamKeys } from './scenario.js';

export const HELD: Held = {
  calls: 0,
  inFlight: 0,
  queued: 0,
  sockets: 5,
  timers: 1,
  objects: 0,
  heapMiB: 40,
};
export const KEY = '/a/plain/0?ms=5&bytes=500&over=0';
export const STORED = '/a/cached/0?ms=5&bytes=500&over=0&store';

/** A request that got its response 10 ms after it was sent. */
export function request(id: string, keys: Partial<ClientRecord> = {}): ClientRecord {
  const { sentAt = 0, key = KEY, method = 'GET', user } = keys;
  return {
    id,
    kind: 'get',
    service: 'a',
    method,
    key,
    uploaded: 0,
    sentAt,
    headAt: sentAt + 10,
    endAt: sentAt + 10,
    status: 200,
    end: 'whole',
    bytes: 500,
    tag: { serial: `a/0/${id}`, key, user, bytes: 500, received: 0 },
    ...keys,
  };
}

/** The call of that request, as its target saw it. */
export function arrival(id: string, keys: Partial<Arrival> = {}): Arrival {
  const { at = 1, key = KEY } = keys;
  return {
    serial: `a/0/${id}`,
    id,
    service: 'a',
    target: 0,
    method: 'GET',
    key,
    at,
    headAt: at + 5,
    endAt: at + 6,
    status: 200,
    end: 'whole',
    ...keys,
  };
}

export interface Given {
  readonly requests?: readonly ClientRecord[];
  readonly arrivals?: readonly Arrival[];
  readonly transitions?: readonly Transition[];
  readonly faults?: readonly Fault[];
  readonly config?: UpstreamKeys;
  readonly targets?: number;
  readonly after?: Partial<Held>;
  readonly answeredAt?: number;
  readonly drain?: Partial<DrainRecord>;
  readonly redis?: boolean;
}

/** @returns the invariants that a recording violates */
export function violated(given: Given): string[] {
  const {
    requests = [],
    arrivals = [],
    transitions = [],
    faults = [],
    config = {},
    targets = 1,
    after,
  } = given;
  const recording: Recording = {
    scenario: {
      name: 'spec',
      services: [{ id: 'a', targets, config }],
      faults,
      clients: [],
      redis: given.redis,
    },
    startedAt: 0,
    requests,
    arrivals,
    transitions,
    faults: faults.map((fault) => ({ fault, from: fault.at, to: fault.at + fault.for })),
    stalls: [],
    recoveries: [
      { service: 'a', wellAt: 50_000, answeredAt: 'answeredAt' in given ? given.answeredAt : 50_010 },
    ],
    rest: { before: HELD, after: { ...HELD, ...after } },
    drain: { requests: [], exit: 0, ...given.drain },
  };
  return judge(recording).map(({ invariant }) => invariant);
}

export const opens = (reason: string, at: number): Transition => ({
  service: 'a',
  from: 'closed',
  to: 'open',
  reason,
  at,
});
export const freeze = (target: number, at: number): Fault => ({
  kind: 'freeze',
  service: 'a',
  target,
  at,
  for: 4_000,
});
export const refused = { status: 503, code: 'breaker_open', tag: undefined } as const;
export const timedOut = {
  status: 504,
  code: 'upstream_timeout',
  tag: undefined,
  headAt: 3_000,
  endAt: 3_000,
} as const;
export const many = <T>(count: number, make: (n: number) => T) =>
  Array.from({ length: count }, (_, n) => make(n));
