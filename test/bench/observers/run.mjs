// `npm run bench -- --observers`: what it costs that the gateway can be observed. Two gateways take turns, one with
// metrics, history and traces, and one with nothing of that. Then traffic is measured with and without somebody who reads
// all that the admin API has.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inRoot, root } from '../../../scripts/lib/project.mjs';
import { asContender } from '../contenders/breakwater.mjs';
import { onlyWhatItNeeds } from '../contenders/breakwater-config.mjs';
import { enter, enterAll } from '../entrant.mjs';
import { loadGenerator } from '../load/closed-loop.mjs';
import { chooseCores, pinOurselves } from '../machine.mjs';
import { measureThroughput } from '../measures/throughput.mjs';
import { freePort, stopServers } from '../processes.mjs';
import { median } from '../report/statistics.mjs';
import { startUpstream } from '../upstream/start.mjs';
import { measureBesideAdmin } from './beside-admin.mjs';
import { quartiles } from './quartiles.mjs';

const upstreams = 300;

/** @param {{ throughput: object, latency: object }} plan */
export async function runObservers(plan) {
  const cores = chooseCores();
  await pinOurselves(cores);
  const directory = mkdtempSync(join(tmpdir(), 'breakwater-observers-'));
  const receiver = createServer((req, res) => void req.resume().on('end', () => res.end()));
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  try {
    const upstream = await startUpstream(directory, cores.upstream);
    const generator = loadGenerator();
    const surroundings = { cores, directory, generator, skipped: [], upstreamUrl: upstream.url };
    const tracing = { endpoint: `http://127.0.0.1:${receiver.address().port}`, sample: '1%' };
    await compare([observed(tracing), unobserved()], surroundings, plan.throughput);
    const port = await freePort();
    const routes = { prefixes: ['/orders'], upstreams };
    const entrant = await enter(withManagement(port), surroundings, routes);
    // The slowest 30 requests of a round decide about its p99, so that more rounds are needed.
    const latency = { ...plan.latency, rounds: 3 * plan.latency.rounds };
    await measureBesideAdmin(entrant, `http://127.0.0.1:${port}`, cores, latency);
    return 0;
  } finally {
    await stopServers();
    receiver.close();
    rmSync(directory, { recursive: true });
  }
}

const contender = (id, title, more) =>
  asContender(
    {
      id,
      title,
      description: title,
      forwards: true,
      config: (setting) => ({ ...onlyWhatItNeeds(setting), accessLog: { enabled: false }, ...more(setting) }),
    },
    root,
  );

const observed = (tracing) => contender('observed', 'with metrics, history and traces', () => ({ tracing }));

/** Without probes, which would be counted as the cost of calls. */
const withManagement = (port) =>
  contender('managed', 'with a management port', ({ upstreamUrl }) => ({
    management: { port },
    upstreams: Object.fromEntries(
      Array.from({ length: upstreams }, (_, i) => [`orders-${i}`, { url: upstreamUrl }]),
    ),
  }));

function unobserved() {
  const plain = contender('unobserved', 'with nothing of that', () => ({}));
  const preload = pathToFileURL(inRoot('test/bench/observers/unobserved.mjs')).href;
  return {
    ...plain,
    async launch(setting) {
      const { command, ...launched } = await plain.launch(setting);
      const [node, ...args] = command;
      return { ...launched, command: [node, '--import', preload, ...args] };
    },
  };
}

async function compare(contenders, surroundings, plan) {
  const entrants = await enterAll(contenders, surroundings);
  const [on, off] = await measureThroughput(entrants, surroundings, plan);
  for (const { stop } of entrants) await stop();
  const cpu = ({ cpuSeconds, requests }) => (cpuSeconds / requests) * 1e6;
  const rate = ({ requests, seconds }) => requests / seconds;
  for (const { contender, rounds } of [on, off])
    console.log(
      `${contender.title}: ${median(rounds.map(cpu)).toFixed(1)} µs of CPU per request, ` +
        `${Math.round(median(rounds.map(rate)))} requests/s`,
    );
  const ratios = (of) => on.rounds.map((round, i) => of(round) / of(off.rounds[i]));
  console.log(`CPU per request, with to without: ${quartiles(ratios(cpu))}`);
  console.log(`Throughput, with to without: ${quartiles(ratios(rate))}`);
}
