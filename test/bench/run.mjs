import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runQuietly } from '../../scripts/lib/children.mjs';
import { runtime, SetupError } from '../../scripts/lib/project.mjs';
import { chooseContenders, prepare } from './contenders.mjs';
import { loadGenerator } from './load.mjs';
import { chooseCores, coreSeconds, cpuModel } from './machine.mjs';
import { ServerProcess } from './processes.mjs';
import { proveItWorks } from './proof.mjs';
import { summarise, table } from './report.mjs';

const path = '/orders/ord-000042';
/** A contender that used less of its core, though nobody else had it, did not set the pace. */
const saturatedFrom = 0.9;
/** Others that took more of a contender's core took its figures with it. */
const quietUpTo = 0.05;

/**
 * Measures every contender in rounds: A B C, A B C, ..., all of them before the same upstream.
 * @param {{ seconds: number, rounds: number, connections: number, only?: string, against: string[],
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
  try {
    const entrants = await startAll({ contenders, cores, directory, servers, cpuProf: options.cpuProf });
    const results = await measure(entrants, { ...options, generator, cores });
    const summary = summarise(results);
    tell(summary);
    if (options.json) {
      const report = { conditions, at: new Date().toISOString(), ...summary, rounds: results };
      writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
    }
    return summary.rows.some(({ failed }) => failed > 0) ? 1 : 0;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(directory, { recursive: true });
  }
}

async function startAll({ contenders, cores, directory, servers, cpuProf }) {
  const start = async (name, args, core) => {
    const server = new ServerProcess(name, args, core);
    servers.push(server);
    return { server, url: await server.url() };
  };
  const { url: upstreamUrl } = await start('The upstream', ['test/bench/upstream.mjs'], cores.rest);
  const entrants = [];
  for (const contender of contenders) {
    const { args, headers } = await prepare(contender, upstreamUrl, directory);
    const profiled = cpuProf && contender.role === 'breakwater' ? profileArgs(contender) : [];
    const { server, url } = await start(contender.title, [...profiled, ...args], cores.contender);
    await proveItWorks(contender, url + path, headers);
    entrants.push({ contender, server, headers, url: url + path });
  }
  return entrants;
}

function profileArgs({ id, title }) {
  const directory = mkdtempSync(join(tmpdir(), `breakwater-profile-${id.replace(':', '-')}-`));
  console.log(
    `The profile of ${title} will be in ${directory} (open it in Chrome's DevTools); profiling slows it down.`,
  );
  return ['--cpu-prof', `--cpu-prof-dir=${directory}`];
}

/** @returns {Promise<import('./report.mjs').Result[]>} */
async function measure(entrants, { rounds, seconds, connections, generator, cores }) {
  const results = entrants.map(({ contender }) => ({ contender, rounds: [] }));
  for (let round = 0; round <= rounds; round++) {
    process.stdout.write(round === 0 ? 'Warming up' : `Round ${round} of ${rounds}`);
    for (const [i, { server, url, headers }] of entrants.entries()) {
      const before = readMeters(server, cores.contender);
      const load = await generator.run({ url, headers, seconds, connections, core: cores.rest });
      const after = readMeters(server, cores.contender);
      const cpuSeconds = after.own - before.own;
      const othersSeconds = after.core - before.core - cpuSeconds;
      if (load.requests === 0) throw new SetupError(`\n${server.name} answered nothing.`);
      if (round > 0) results[i].rounds.push({ ...load, cpuSeconds, othersSeconds });
      process.stdout.write('.');
    }
    console.log();
  }
  return results;
}

const readMeters = (server, core) => ({ own: server.cpuSeconds(), core: coreSeconds(core) });

function describe({ seconds, rounds, connections }, { name }, { contender, rest }, node) {
  const where =
    contender === undefined
      ? 'Nothing is pinned to a core here (that takes taskset and two cores): figures will scatter.'
      : `Contenders run on core ${contender}, one at a time; upstream and load generator on core ${rest}.`;
  return [
    `Load by ${name}: ${connections} keep-alive connections, ${rounds} rounds of ${seconds} s after one to warm up.`,
    where,
    `Node ${node} on ${cpuModel()}.`,
  ].join('\n');
}

function tell(summary) {
  const { bestPeer, rows } = summary;
  console.log(`\n${table(summary)}\n`);
  if (bestPeer) console.log(`The best peer is ${bestPeer}. Ratios are medians of the rounds.`);
  for (const { title, busy, disturbed } of rows) {
    if (busy + disturbed < saturatedFrom) {
      console.log(
        `${title} used ${percent(busy)} of its core: something else set the pace, so it can do more.`,
      );
    }
  }
  const disturbed = Math.max(...rows.map((row) => row.disturbed));
  if (disturbed > quietUpTo) {
    console.log(
      `Other work took up to ${percent(disturbed)} of the contenders' core: run again when it is quiet.`,
    );
  }
  const failed = rows.filter((row) => row.failed > 0).map(({ title }) => title);
  if (failed.length > 0) console.log(`VOID: requests failed at ${failed.join(', ')}.`);
}

const percent = (share) => `${Math.round(share * 100)}%`;
