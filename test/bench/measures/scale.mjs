import { enter, measureEach } from '../entrant.mjs';
import { measureReload } from './reload.mjs';

/** The number of upstreams that many routes are divided among; many upstreams have one route each. */
const upstreamsOfRoutes = 2;

/**
 * Measures throughput by the number of routes and of upstreams, with requests to all of them in turn, and what it takes to
 * reload a configuration with as many routes. Only contenders that reload take part.
 * @param {import('../contenders/index.mjs').Contender[]} contenders
 * @param {{ routes: number[], upstreams: number[], seconds: number, connections: number, rate: number }} plan
 */
export async function measureScale(contenders, surroundings, plan) {
  process.stdout.write('Routes and upstreams');
  const rows = await measureEach(contenders, surroundings, async (contender) => {
    const one = async (routes, upstreams, reloads) => {
      const row = await measureOne(contender, surroundings, plan, { routes, upstreams, reloads });
      process.stdout.write('.');
      return row;
    };
    const { id, title, role } = contender;
    const row = { id, title, role, routes: [], upstreams: [] };
    for (const routes of plan.routes) row.routes.push(await one(routes, upstreamsOfRoutes, true));
    for (const upstreams of plan.upstreams) row.upstreams.push(await one(upstreams, upstreams, false));
    return row;
  });
  console.log();
  return rows;
}

async function measureOne(contender, surroundings, plan, { routes, upstreams, reloads }) {
  const prefixes = Array.from({ length: routes }, (_, i) => `/r${i}`);
  const startedAt = performance.now();
  const entrant = await enter(contender, surroundings, { prefixes, upstreams });
  const startMs = performance.now() - startedAt;
  try {
    const load = await runLoad(entrant, surroundings, plan, routes);
    const row = {
      routes,
      upstreams,
      startMs,
      perSecond: load.requests / load.seconds,
      memoryBytes: entrant.server.memory(),
      failed: load.failed,
    };
    if (reloads) row.reload = await measureReload(entrant, surroundings, { prefixes, upstreams }, plan);
    return row;
  } finally {
    await entrant.stop();
  }
}

/** Requests all routes in turn. */
function runLoad({ url, headers }, { cores, generator }, { seconds, connections }, routes) {
  const paths = ['/r', routes, new URL(url).pathname.slice('/r0'.length)];
  return generator.run({ url, headers, paths, seconds, connections, core: cores.load });
}
