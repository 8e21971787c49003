import { enter } from '../entrant.mjs';
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
  const rows = [];
  for (const contender of contenders) {
    const { id, title, role } = contender;
    const row = { id, title, role, routes: [], upstreams: [] };
    for (const routes of plan.routes) {
      row.routes.push(await measureOne(contender, surroundings, plan, routes, upstreamsOfRoutes, true));
      process.stdout.write('.');
    }
    for (const upstreams of plan.upstreams) {
      row.upstreams.push(await measureOne(contender, surroundings, plan, upstreams, upstreams, false));
      process.stdout.write('.');
    }
    rows.push(row);
  }
  console.log();
  return rows;
}

async function measureOne(contender, surroundings, plan, routes, upstreams, reloads) {
  const { cores, generator } = surroundings;
  const prefixes = Array.from({ length: routes }, (_, i) => `/r${i}`);
  const startedAt = performance.now();
  const entrant = await enter(contender, surroundings, { prefixes, upstreams });
  const startMs = performance.now() - startedAt;
  const { url, headers, server, stop } = entrant;
  const { seconds, connections } = plan;
  const paths = ['/r', routes, new URL(url).pathname.slice('/r0'.length)];
  const load = await generator.run({ url, headers, paths, seconds, connections, core: cores.load });
  const row = {
    routes,
    upstreams,
    startMs,
    perSecond: load.requests / load.seconds,
    memoryBytes: server.memory(),
    failed: load.failed,
  };
  if (reloads) row.reload = await measureReload(entrant, surroundings, { prefixes, upstreams }, plan);
  await stop();
  return row;
}
