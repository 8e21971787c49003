import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseContenders } from './contenders/index.mjs';
import { nodeVersion } from './contenders/node.mjs';
import { loadGenerator } from './load/closed-loop.mjs';
import { enterAll } from './entrant.mjs';
import { chooseCores, describeMachine, pinOurselves } from './machine.mjs';
import { measureBodies } from './measures/bodies.mjs';
import { measureLatency } from './measures/latency.mjs';
import { measureMemory } from './measures/memory.mjs';
import { measureScale } from './measures/scale.mjs';
import { measureThroughput } from './measures/throughput.mjs';
import { quickContenders } from './plan.mjs';
import { stopServers } from './processes.mjs';
import { failures, printRun } from './report/print.mjs';
import { summarise } from './report/throughput.mjs';
import { writeDocs } from './report/write.mjs';
import { startRedis } from './upstream/redis.mjs';
import { startUpstream } from './upstream/start.mjs';

/**
 * @param {object} options
 * @param {string} [options.only] ids of contenders, separated by commas
 * @param {string[]} options.against folders of other builds of Breakwater
 * @param {string} [options.load] the name of a load generator
 * @param {string[]} options.measures
 * @param {typeof import('./plan.mjs').fullPlan} options.plan
 * @param {boolean} options.isQuick
 * @param {string} [options.json] a file for all figures
 * @param {boolean} options.write whether to write docs/benchmarks.md
 * @param {boolean} options.cpuProf
 * @returns {Promise<number>} the exit code
 */
export async function runBenchmark({ plan, measures, isQuick, cpuProf, json, write, ...options }) {
  const generator = loadGenerator(options.load);
  const { chosen, missing } = chooseContenders(options.only, options.against);
  const cores = chooseCores();
  const machine = describeMachine(); // Before this process is limited to one core.
  await pinOurselves(cores);
  const directory = mkdtempSync(join(tmpdir(), 'breakwater-bench-'));
  const profiles = cpuProf ? mkdtempSync(join(tmpdir(), 'breakwater-profiles-')) : undefined;
  try {
    const upstream = await startUpstream(directory, cores.upstream);
    const needsRedis = chosen.some((contender) => contender.needsRedis);
    const redisUrl = needsRedis ? await startRedis(directory, cores.upstream) : undefined;
    const surroundings = {
      cores,
      directory,
      generator,
      profiles,
      skipped: [],
      upstreamUrl: upstream.url,
      redisUrl,
    };
    const startedAt = new Date();
    const conditions = {
      startedAt: startedAt.toISOString(),
      isQuick,
      machine,
      isPinned: cores.contender !== undefined,
      node: await nodeVersion(),
      generator: generator.name,
      upstream: upstream.name,
      plan,
      contenders: await Promise.all(chosen.map(described)),
      missing: missing.map(({ contender: { id, title }, hint }) => ({ id, title, hint })),
    };
    printRun.conditions(conditions);
    const results = await measure(chosen, surroundings, { measures, plan, isQuick });
    const seconds = Math.round((Date.now() - startedAt.getTime()) / 1000);
    const run = { ...conditions, seconds, skipped: surroundings.skipped, ...results };
    printRun.results(run);
    if (json) writeFileSync(json, `${JSON.stringify(run, null, 2)}\n`);
    if (write) writeDocs({ ...run, rounds: undefined });
    return failures(run).length > 0 ? 1 : 0;
  } finally {
    await stopServers();
    rmSync(directory, { recursive: true });
    if (profiles) console.log(`Profiling slows down. Chrome's DevTools open what is in ${profiles}`);
  }
}

const described = async ({ id, title, role, description, forwards, version }) => ({
  id,
  title,
  role,
  description,
  forwards,
  version: await version(),
});

/** Runs the wanted measurements one after the other. */
async function measure(chosen, surroundings, { measures, plan, isQuick }) {
  const isWanted = (name) => measures.includes(name);
  const others = chosen.filter(({ id, forwards }) => forwards && (!isQuick || quickContenders.includes(id)));
  const isAmong = ({ contender }) => others.includes(contender);
  const results = {};

  const shared = ['throughput', 'latency', 'bodies'].some(isWanted);
  const entrants = shared ? await enterAll(isWanted('throughput') ? chosen : others, surroundings) : [];
  const proxies = entrants.filter(isAmong);
  if (isWanted('throughput')) {
    results.rounds = await measureThroughput(entrants, surroundings, plan.throughput);
    results.throughput = summarise(results.rounds);
  }
  if (isWanted('latency')) results.latency = await measureLatency(proxies, surroundings, plan.latency);
  if (isWanted('bodies')) {
    const streaming = proxies.filter(({ contender }) => !contender.onlyJson);
    results.bodies = await measureBodies(streaming, surroundings, plan.bodies);
  }
  for (const { stop } of entrants) await stop();

  if (isWanted('memory')) results.memory = await measureMemory(others, surroundings, plan.memory);
  if (isWanted('scale')) {
    const scalable = others.filter(({ scales }) => scales);
    results.scale = await measureScale(scalable, surroundings, plan.scale);
  }
  return results;
}
