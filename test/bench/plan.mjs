/**
 * How long each measurement takes. `connections` of the load generator are busy all the time, except in `latency`, whose
 * requests leave at `rate` per second.
 */
export const fullPlan = {
  throughput: { rounds: 5, warmUpRounds: 2, seconds: 3, connections: 64 },
  latency: { rounds: 3, seconds: 3, rate: 1000, connections: 64 },
  memory: { idle: 10_000, settleMs: 1000, seconds: 2, connections: 64 },
  bodies: { rounds: 3, seconds: 1, connections: 16 },
  scale: { routes: [10, 1000, 10_000], upstreams: [2, 200, 2000], seconds: 3, connections: 64, rate: 200 },
};

/** The same in less than two minutes, for a first impression: one short round, and not of every contender. */
export const quickPlan = {
  throughput: { rounds: 1, warmUpRounds: 1, seconds: 1, connections: 64 },
  latency: { rounds: 1, seconds: 1, rate: 1000, connections: 64 },
  memory: { idle: 1000, settleMs: 200, seconds: 1, connections: 64 },
  bodies: { rounds: 1, seconds: 1, connections: 16 },
  scale: { routes: [10, 1000], upstreams: [2, 200], seconds: 1, connections: 64, rate: 200 },
};

/** The contenders of a quick run whose latency, memory and so on are measured. */
export const quickContenders = ['breakwater', 'bare', 'fastify-http-proxy', 'nginx'];

/** The measurements by their names on the command line. */
export const measureNames = Object.keys(fullPlan);
