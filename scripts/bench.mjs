// `npm run bench`: what Breakwater costs, measured beside a bare proxy and other npm proxies. See docs/benchmarks.md.
import { parseArgs } from 'node:util';
import { runBenchmark } from '../test/bench/run.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { runForeground, runMain } from './lib/children.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { inRoot, runtime, SetupError } from './lib/project.mjs';

const usage = `Usage: npm run bench -- [options]

  --rounds N          rounds that count (default 5)
  --warm-up N         rounds before them that do not: until then the compiler takes its share (default 3)
  --seconds N         length of a round, for each contender (default 4)
  --connections N     keep-alive connections (default 64)
  --only a,b          only these contenders: bare, http-proxy-middleware, fastify-http-proxy,
                      nest-constant, breakwater, breakwater-public, breakwater-cached
  --against DIR       also another build of Breakwater, to see what a change costs; may be repeated
  --load NAME         wrk or autocannon (default: wrk where it is installed)
  --json FILE         also write every figure as JSON
  --cpu-prof          profile Breakwater, into the temporary directory
  --micro             measure single steps of the request path instead`;

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
  throw new SetupError(`--${name} is a number from ${least} to 9999, not ${value}.`);
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
