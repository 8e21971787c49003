import type { Recording } from './recording.js';
import type { RequestRecord } from './types.js';

/** For specs: a run of 40 s in which everything held. `orders` is away from 20 s to 28 s, and its breaker is open from 20.5 s to 29 s. */
export function goodRun(): Recording {
  const request = (flow: RequestRecord['flow'], at: number, facts: Partial<RequestRecord> = {}) => ({
    flow,
    at,
    ms: 50,
    status: 200,
    ...facts,
  });
  const requests = Array.from({ length: 400 }, (_, i): RequestRecord[] => {
    const at = i * 100;
    const isOpen = at >= 20_500 && at < 29_000;
    return [
      request('users', at),
      request('orders', at, isOpen ? { ms: 3, status: 503, fallback: 'response' } : {}),
      request('cached', at, { ms: 2, cache: 'Breakwater; hit; ttl=1' }),
      request('streaming', at),
      request('websocket', at, { ms: 1000, status: 101 }),
    ];
  }).flat();
  const footprint = { heapMiB: 40, sockets: 2, timers: 11 };
  return {
    options: {
      seed: 1,
      warmUp: 0,
      baseline: 20,
      faults: 20,
      rate: 50,
      folder: '',
      withoutBreaker: false,
    },
    measured: { from: 0, to: 40_000 },
    baseline: { from: 0, to: 20_000 },
    requests,
    stalls: [],
    faults: [{ target: 'orders', kind: 'kill', at: 20_000, for: 8_000, from: 20_000, to: 28_000 }],
    transitions: [
      {
        at: 20_500,
        upstream: 'orders',
        to: 'open',
        reason: 'error-rate',
        cause: 'connect_failed ECONNREFUSED',
      },
      { at: 29_000, upstream: 'orders', to: 'closed', reason: 'health' },
    ],
    samples: [],
    footprint: { before: footprint, after: footprint },
  };
}
