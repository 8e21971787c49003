import { SetupError } from '../../../scripts/lib/project.mjs';
import { coreSeconds } from '../machine.mjs';
import { shuffled } from '../report/statistics.mjs';

/**
 * Measures every contender in rounds, each in another order. Those that wait are stopped. The first rounds do not
 * count: in them the compiler takes a share of the core that says more about a start than about a day.
 * @param {import('../entrant.mjs').Entrant[]} entrants
 * @param {import('../entrant.mjs').Surroundings} surroundings
 * @param {{ rounds: number, warmUpRounds: number, seconds: number, connections: number }} plan
 * @returns {Promise<import('../report/throughput.mjs').Result[]>} in the order of the entrants
 */
export async function measureThroughput(entrants, surroundings, plan) {
  const { rounds, warmUpRounds } = plan;
  const results = entrants.map((entrant) => ({ entrant, rounds: [] }));
  for (let round = 1 - warmUpRounds; round <= rounds; round++) {
    process.stdout.write(round <= 0 ? 'Warming up' : `Round ${round} of ${rounds}`);
    for (const { entrant, rounds } of shuffled(results)) {
      const measured = await oneRound(entrant, surroundings, plan);
      if (round > 0) rounds.push(measured);
      process.stdout.write('.');
    }
    console.log();
  }
  return results.map(({ entrant, rounds }) => ({ contender: entrant.contender, rounds }));
}

async function oneRound({ contender, server, url, headers }, { cores, generator }, { seconds, connections }) {
  server.resume();
  await (await fetch(url, { headers })).arrayBuffer(); // It is awake again.
  const before = readMeters(server, cores.contender);
  const { expects } = contender;
  const load = await generator.run({ url, headers, expects, seconds, connections, core: cores.load });
  const after = readMeters(server, cores.contender);
  server.pause();
  if (load.requests === 0) throw new SetupError(`\n${server.name} answered nothing.`);
  const cpuSeconds = after.own - before.own;
  const othersShare = (after.core - before.core - cpuSeconds) / (after.at - before.at);
  return { ...load, cpuSeconds, othersShare };
}

const readMeters = (server, core) => ({
  own: server.cpuSeconds(),
  core: coreSeconds(core),
  at: performance.now() / 1000,
});
