import { inRoot, runtime } from '../../../scripts/lib/project.mjs';
import { path } from '../entrant.mjs';
import { HelperProcess } from '../processes.mjs';
import { median, shuffled } from '../report/statistics.mjs';

const openLoop = inRoot('test/bench/load/open-loop.mjs');

/** Starts the open-loop generator, see load/open-loop.mjs, and waits until it has warmed up the server. */
export async function startOpenLoop(core, options) {
  const process = new HelperProcess(core, [runtime(), openLoop, JSON.stringify(options)]);
  await process.next();
  return process;
}

/**
 * Measures what each contender adds to the latency of the upstream at a fixed rate: in each round the upstream is asked
 * directly as well, and what it took is subtracted.
 * @param {import('../entrant.mjs').Entrant[]} entrants
 * @param {{ rounds: number, seconds: number, rate: number, connections: number }} plan
 * @returns {Promise<{ direct: object, rows: object[] }>} milliseconds
 */
export async function measureLatency(entrants, { cores, upstreamUrl }, { rounds, ...load }) {
  const direct = { url: upstreamUrl + path, headers: {}, rounds: [] };
  const results = entrants.map((entrant) => ({ ...entrant, rounds: [] }));
  for (let round = 1; round <= rounds; round++) {
    process.stdout.write(`Latency, round ${round} of ${rounds}`);
    for (const { url, headers, server, rounds } of shuffled([direct, ...results])) {
      server?.resume();
      const generator = await startOpenLoop(cores.load, { url, headers, ...load });
      rounds.push(await generator.next());
      server?.pause();
      process.stdout.write('.');
    }
    console.log();
  }
  const added = (own, field) => median(own.map((round, i) => round[field] - direct.rounds[i][field]));
  return {
    direct: summary(direct.rounds),
    rows: results.map(({ contender: { id, title, role }, rounds }) => ({
      id,
      title,
      role,
      ...summary(rounds),
      addedP50Ms: added(rounds, 'p50Ms'),
      addedP99Ms: added(rounds, 'p99Ms'),
      addedP999Ms: added(rounds, 'p999Ms'),
    })),
  };
}

function summary(rounds) {
  const of = (field) => median(rounds.map((round) => round[field]));
  return {
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    p999Ms: of('p999Ms'),
    lagP99Ms: of('lagP99Ms'),
    sent: rounds.reduce((sum, { sent }) => sum + sent, 0),
    failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
  };
}
