import { setTimeout as sleep } from 'node:timers/promises';
import { startOpenLoop } from '../measures/latency.mjs';
import { median } from '../report/statistics.mjs';
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
/** Milliseconds between two calls of the loop. */
const pause = 100;
const repeats = 100;

/**
 * Measures the latency of requests with and without a loop of calls and a reader of events beside them.
 * @param {import('../entrant.mjs').Entrant} entrant
 * @param {string} management
 * @param {{ load?: number }} cores
 * @param {{ rounds: number, seconds: number, rate: number, connections: number }} plan
 */
export async function measureBesideAdmin({ url, headers, server }, management, cores, plan) {
  await printCosts(management, server);
  const { rounds, ...load } = plan;
  const measured = { alone: [], beside: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const mode of round % 2 === 0 ? ['alone', 'beside'] : ['beside', 'alone']) {
      const reader = mode === 'beside' ? read(management) : undefined;
      const generator = await startOpenLoop(cores.load, { url, headers, ...load });
      const result = await generator.next();
      await reader?.stop();
      // In the first round, the compiler is busy.
      if (round > 0) measured[mode].push(result);
      process.stdout.write('.');
    }
  }
  console.log();
  for (const field of ['p50Ms', 'p99Ms', 'p999Ms']) {
    const of = (mode) => measured[mode].map((each) => each[field]);
    const ratios = of('beside').map((each, i) => each / measured.alone[i][field]);
    console.log(
      `${field}: alone ${median(of('alone')).toFixed(2)}, beside admin calls ${median(of('beside')).toFixed(2)}, ` +
        `ratio ${quartiles(ratios)}`,
    );
  }
}

/** What a call costs is also the longest time for which it can keep requests waiting. */
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

function read(management) {
  const abort = new AbortController();
  const drain = async () => {
    const response = await fetch(`${management}/admin/events`, { signal: abort.signal });
    for await (const _chunk of response.body) if (abort.signal.aborted) return;
  };
  const loop = async () => {
    for (let i = 0; !abort.signal.aborted; i++) {
      const response = await fetch(management + calls[i % calls.length], { signal: abort.signal });
      await response.arrayBuffer();
      await sleep(pause, undefined, { signal: abort.signal });
    }
  };
  const ended = Promise.allSettled([drain(), loop()]);
  return {
    async stop() {
      abort.abort();
      await ended;
    },
  };
}
