import * as tables from './tables.mjs';
import { notes } from './throughput.mjs';

/** What a run writes to the terminal. */
export const printRun = {
  conditions({ isPinned, node, machine, generator, upstream, missing }) {
    console.log(
      `Load by ${generator}, upstream ${upstream}, Node ${node}, on ${machine.cores} cores of ${machine.cpu}.`,
    );
    console.log(
      isPinned
        ? 'Each contender has a core of its own; the upstream and the load generator run on another.'
        : 'Nothing is pinned to a core here (that takes taskset and two cores): figures will scatter.',
    );
    for (const { title, hint } of missing) console.log(`${title} is missing. To measure it: ${hint}.`);
  },

  results(run) {
    const { throughput, latency, memory, bodies, scale } = run;
    if (throughput) section('Throughput', tables.throughputTable(throughput), notes(throughput));
    if (latency) section('Latency', tables.latencyTable(latency));
    if (memory) section('Memory', tables.memoryTable(memory));
    if (bodies) section('Throughput by body size', tables.bodiesTable(bodies));
    if (scale) {
      section('Number of routes', tables.scaleTable(scale, 'routes'));
      section('Number of upstreams', tables.scaleTable(scale, 'upstreams'));
      section('Reload', tables.reloadTable(scale));
    }
    const failed = failures(run);
    if (failed.length > 0) console.log(`\nVOID: requests failed at ${failed.join(', ')}.`);
  },
};

function section(title, table, lines = []) {
  console.log(['', title, tables.asText(table), ...lines].join('\n'));
}

/**
 * Requests that fail while a contender reloads are only reported, since that is what the reload is measured for.
 * @returns {string[]} the titles of contenders at which a request failed otherwise, with the measurement
 */
export function failures({ throughput, latency, memory, bodies, scale, skipped }) {
  const failed = (measure, rows = []) =>
    rows.filter((row) => row.failed > 0).map(({ title }) => `${title} (${measure})`);
  const sizes = scale?.flatMap(({ title, routes, upstreams }) =>
    [...routes, ...upstreams].map((each) => ({ title, failed: each.failed })),
  );
  return [
    ...failed('throughput', throughput?.rows),
    ...failed('latency', latency?.rows),
    ...failed('memory', memory),
    ...failed('bodies', bodies),
    ...new Set(failed('routes and upstreams', sizes)),
    ...skipped.map((title) => `${title} (could not be measured)`),
  ];
}
