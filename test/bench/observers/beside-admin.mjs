import { inRoot, runtime } from '../../../scripts/lib/project.mjs';
import { startOpenLoop } from '../measures/latency.mjs';
import { HelperProcess } from '../processes.mjs';
import { median, shuffled } from '../report/statistics.mjs';
import { quartiles } from './quartiles.mjs';

/** The calls that have most to do. */
const calls = [
  '/admin/overview',
  '/admin/upstreams',
  '/admin/config/effective',
  '/admin/routes',
  '/admin/routes/top',
  '/admin/explain?path=/orders/1',
  '/admin/upstreams/orders-0/timeline',
  '/metrics',
];
const repeats = 100;

/** Who reads beside the traffic. What the second one changes is the work of the reader, and not that of the gateway. */
const readers = {
  nobody: undefined,
  'a trivial call': { paths: ['/health/live'], isReadingEvents: false },
  'admin calls': { paths: calls, isReadingEvents: true },
};

/**
 * Measures the latency of requests, and the same beside a loop of calls and a reader of events.
 * @param {import('../entrant.mjs').Entrant} entrant
 * @param {string} management
 * @param {{ load?: number }} cores
 * @param {{ rounds: number, seconds: number, rate: number, connections: number }} plan
 */
export async function measureBesideAdmin({ url, headers, server }, management, cores, plan) {
  await printCosts(management, server);
  const { rounds, ...load } = plan;
  const measured = Object.keys(readers).map((name) => ({ name, results: [] }));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, results } of shuffled(measured)) {
      const reader = readers[name] && read({ management, ...readers[name] }, cores.load);
      const generator = await startOpenLoop(cores.load, { url, headers, ...load });
      const result = await generator.next();
      if ((await reader?.finish())?.calls === 0) throw new Error('The reader has called nothing.');
      // In the first round, the compiler is busy.
      if (round > 0) results.push(result);
      process.stdout.write('.');
    }
  }
  console.log();
  const [alone] = measured;
  for (const field of ['p50Ms', 'p99Ms', 'p999Ms'])
    for (const { name, results } of measured) {
      const ratios = results.map((each, i) => each[field] / alone.results[i][field]);
      const ms = median(results.map((each) => each[field])).toFixed(2);
      console.log(
        `${field} beside ${name}: ${ms}${name === alone.name ? '' : `, ratio ${quartiles(ratios)}`}`,
      );
    }
}

/** The gateway makes a long answer in turns, so that no request waits for all of that time. */
async function printCosts(management, server) {
  for (const path of calls) {
    const ask = async () => (await (await fetch(management + path)).arrayBuffer()).byteLength;
    let bytes = 0;
    for (let i = 0; i < repeats; i++) bytes = await ask();
    const before = server.cpuSeconds();
    for (let i = 0; i < repeats; i++) await ask();
    const ms = ((server.cpuSeconds() - before) * 1_000) / repeats;
    console.log(`${path}: ${ms.toFixed(1)} ms of CPU, ${Math.round(bytes / 1024)} KiB`);
  }
}

const read = (options, core) =>
  new HelperProcess(core, [runtime(), inRoot('test/bench/observers/reader.mjs'), JSON.stringify(options)]);
