// `npm run bench` measures Breakwater beside a bare proxy and other npm proxies. See docs/benchmarks.md.
import { parseArgs } from 'node:util';
import { runBenchmark } from '../test/bench/run.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { runForeground, runMain } from './lib/children.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { inRoot, runtime, SetupError } from './lib/project.mjs';

const usage = `Usage: npm run bench -- [options]

  --rounds N          rounds that are measured (default 5)
  --warm-up N         rounds before them that are not measured, while the compiler is busy (default 3)
  --seconds N         seconds of load for each contender in a round (default 4)
  --connections N     number of keep-alive connections (default 64)
  --only a,b          measure only these contenders: bare, http-proxy-middleware, fastify-http-proxy,
                      nest-constant, breakwater, breakwater-public, breakwater-cached
  --against DIR       also measure the build in DIR, to see the cost of a change; can be repeated
  --load NAME         load generator, wrk or autocannon (default: wrk if it is installed)
  --json FILE         also write all figures to FILE as JSON
  --cpu-prof          write CPU profiles of Breakwater to the temporary directory
  --micro             measure single steps of the request path instead of throughput`;

function readOptions() {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  try {
    return parseArgs({
      options: {
        rounds: { ...text, default: '5' },
        'warm-up': { ...text, default: '3' },
        seconds: { ...text, default: '4' },
        connections: { ...text, default: '64' },
        only: text,
        against: { ...text, multiple: true, default: [] },
        load: text,
        json: text,
        'cpu-prof': flag,
        micro: flag,
        help: { ...flag, short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new SetupError(`${error.message}\n\n${usage}`);
  }
}

function count(name, value, least = 1) {
  if (/^\d{1,4}$/.test(value) && Number(value) >= least) return Number(value);
  throw new SetupError(`--${name} must be a number from ${least} to 9999, but it is ${value}.`);
}

await runMain(async () => {
  const {
    help,
    micro,
    rounds,
    'warm-up': warmUp,
    seconds,
    connections,
    'cpu-prof': cpuProf,
    ...rest
  } = readOptions();
  if (help) {
    console.log(usage);
    return 0;
  }
  const sizes = {
    rounds: count('rounds', rounds),
    warmUpRounds: count('warm-up', warmUp, 0),
    seconds: count('seconds', seconds),
    connections: count('connections', connections),
  };
  await ensureInstalled();
  await ensureBuilt();
  if (micro) return runForeground(runtime(), [inRoot('test/bench/micro.mjs')]);
  return runBenchmark({ ...rest, ...sizes, cpuProf });
});
