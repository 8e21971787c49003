import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runQuietly } from '../../scripts/lib/children.mjs';
import { runtime, SetupError } from '../../scripts/lib/project.mjs';
import { chooseContenders, fileName, prepare } from './contenders.mjs';
import { loadGenerator } from './load.mjs';
import { chooseCores, coreSeconds, cpuModel } from './machine.mjs';
import { ServerProcess } from './processes.mjs';
import { proveItWorks } from './proof.mjs';
import { notes, summarise, table } from './report.mjs';

const path = '/orders/ord-000042';

/**
 * Measures every contender in rounds: A B C, A B C, ..., all of them before the same upstream. The first rounds do not
 * count: in them the compiler takes a share of the core that says more about a start than about a day.
 * @param {{ seconds: number, rounds: number, warmUpRounds: number, connections: number, only?: string, against: string[],
 *   load?: string, json?: string, cpuProf: boolean }} options
 * @returns {Promise<number>} the exit code
 */
export async function runBenchmark(options) {
  const generator = loadGenerator(options.load);
  const contenders = chooseContenders(options.only, options.against);
  const cores = chooseCores();
  const node = await runQuietly(runtime(), ['--version']);
  const conditions = describe(options, generator, cores, node.stdout.trim());
  console.log(conditions);

  const directory = mkdtempSync(join(tmpdir(), 'breakwater-bench-'));
  const servers = [];
  const profiles = options.cpuProf ? mkdtempSync(join(tmpdir(), 'breakwater-profiles-')) : undefined;
  try {
    const entrants = await startAll({ contenders, cores, directory, servers, profiles });
    const results = await measure(entrants, { ...options, generator, cores });
    const summary = summarise(results);
    console.log(['', table(summary), '', ...notes(summary)].join('\n'));
    if (options.json) {
      const report = { conditions, at: new Date().toISOString(), ...summary, rounds: results };
      writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
    }
    return summary.rows.some(({ failed }) => failed > 0) ? 1 : 0;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(directory, { recursive: true });
    if (profiles) console.log(`Profiling slows down. Chrome's DevTools open what is in ${profiles}`);
  }
}

async function startAll({ contenders, cores, directory, servers, profiles }) {
  const start = async (name, args, core) => {
    const server = new ServerProcess(name, args, core);
    servers.push(server);
    return { server, url: await server.url() };
  };
  const { url: upstreamUrl } = await start('The upstream', ['test/bench/upstream.mjs'], cores.rest);
  const entrants = [];
  for (const contender of contenders) {
    const { args, headers } = await prepare(contender, upstreamUrl, directory);
    const profiled = profiles && contender.role === 'breakwater' ? profileArgs(profiles, contender) : [];
    const { server, url } = await start(contender.title, [...profiled, ...args], cores.contender);
    await proveItWorks(contender, url + path, headers);
    entrants.push({ contender, server, headers, url: url + path });
  }
  return entrants;
}

/** Each contender has its own folder, since Node names the files by process and time. */
const profileArgs = (directory, { id }) => ['--cpu-prof', `--cpu-prof-dir=${join(directory, fileName(id))}`];

/** @returns {Promise<import('./report.mjs').Result[]>} */
async function measure(entrants, { rounds, warmUpRounds, seconds, connections, generator, cores }) {
  const results = entrants.map(({ contender }) => ({ contender, rounds: [] }));
  for (let round = 1 - warmUpRounds; round <= rounds; round++) {
    process.stdout.write(round <= 0 ? 'Warming up' : `Round ${round} of ${rounds}`);
    for (const [i, { server, url, headers }] of entrants.entries()) {
      const before = readMeters(server, cores.contender);
      const load = await generator.run({ url, headers, seconds, connections, core: cores.rest });
      const after = readMeters(server, cores.contender);
      const cpuSeconds = after.own - before.own;
      const othersShare = (after.core - before.core - cpuSeconds) / (after.at - before.at);
      if (load.requests === 0) throw new SetupError(`\n${server.name} answered nothing.`);
      if (round > 0) results[i].rounds.push({ ...load, cpuSeconds, othersShare });
      process.stdout.write('.');
    }
    console.log();
  }
  return results;
}

const readMeters = (server, core) => ({
  own: server.cpuSeconds(),
  core: coreSeconds(core),
  at: performance.now() / 1000,
});

function describe({ seconds, rounds, warmUpRounds, connections }, { name }, { contender, rest }, node) {
  const where =
    contender === undefined
      ? 'Nothing is pinned to a core here (that takes taskset and two cores): figures will scatter.'
      : `Contenders run on core ${contender}, one at a time; upstream and load generator on core ${rest}.`;
  return [
    `Load by ${name}: ${connections} keep-alive connections, ${rounds} rounds of ${seconds} s after ${warmUpRounds} to warm up.`,
    where,
    `Node ${node} on ${cpuModel()}.`,
  ].join('\n');
}
