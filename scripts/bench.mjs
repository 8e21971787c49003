// `npm run bench` measures Breakwater beside other proxies. See docs/benchmarks.md.
import { parseArgs } from 'node:util';
import { installCaddy } from '../test/bench/peers/install-caddy.mjs';
import { installSpringGateway } from '../test/bench/peers/install-spring.mjs';
import { runObservers } from '../test/bench/observers/run.mjs';
import { fullPlan, measureNames, quickPlan } from '../test/bench/plan.mjs';
import { runBenchmark } from '../test/bench/run.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { runForeground, runMain } from './lib/children.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { inRoot, runtime, SetupError } from './lib/project.mjs';

const { throughput } = fullPlan;
const usage = `Usage: npm run bench -- [options]

  --quick             measure everything in short, in less than two minutes
  --write             write docs/benchmarks.md and its charts
  --install-peers     build Caddy (with Go) and Spring Cloud Gateway (with Maven) first, unless they are there
  --measure a,b       measure only this: ${measureNames.join(', ')}
                      (default: all; with --only or --against, throughput)
  --only a,b          only these contenders, such as bare,breakwater (an unknown one lists all)
  --against DIR       also measure the build in DIR, to see the cost of a change; can be repeated
  --rounds N          rounds of throughput that are measured (default ${throughput.rounds})
  --warm-up N         rounds before them that are not measured, while the compiler is busy (default ${throughput.warmUpRounds})
  --seconds N         seconds of load for each contender in a round (default ${throughput.seconds})
  --connections N     number of keep-alive connections (default ${throughput.connections})
  --rate N            requests per second when latency is measured (default ${fullPlan.latency.rate})
  --load NAME         load generator, wrk or autocannon (default: wrk if it is installed)
  --json FILE         also write all figures to FILE as JSON
  --cpu-prof          write CPU profiles of Breakwater to the temporary directory
  --micro             measure single steps of the request path instead
  --observers         measure what metrics, history and traces cost instead, and admin calls beside traffic`;

function readOptions() {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  try {
    return parseArgs({
      options: {
        quick: flag,
        write: flag,
        'install-peers': flag,
        measure: text,
        only: text,
        against: { ...text, multiple: true, default: [] },
        rounds: text,
        'warm-up': text,
        seconds: text,
        connections: text,
        rate: text,
        load: text,
        json: text,
        'cpu-prof': flag,
        micro: flag,
        observers: flag,
        help: { ...flag, short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new SetupError(`${error.message}\n\n${usage}`);
  }
}

/** The plan with what the options change in it. */
function planFrom(options) {
  const plan = structuredClone(options.quick ? quickPlan : fullPlan);
  const change = (part, key, name, least = 1) => {
    const value = options[name];
    if (value === undefined) return;
    if (!/^\d{1,5}$/.test(value) || Number(value) < least) {
      throw new SetupError(`--${name} must be a number from ${least} to 99999, but it is ${value}.`);
    }
    plan[part][key] = Number(value);
  };
  change('throughput', 'rounds', 'rounds');
  change('throughput', 'warmUpRounds', 'warm-up', 0);
  change('throughput', 'seconds', 'seconds');
  change('throughput', 'connections', 'connections');
  change('latency', 'rate', 'rate');
  return plan;
}

function measuresFrom({ measure, only, against }) {
  if (measure === undefined)
    return only === undefined && against.length === 0 ? measureNames : ['throughput'];
  const wanted = measure.split(',');
  const unknown = wanted.filter((name) => !measureNames.includes(name));
  if (unknown.length === 0) return wanted;
  throw new SetupError(
    `--measure does not know ${unknown.join(', ')}. There is: ${measureNames.join(', ')}.`,
  );
}

function refusePartialPage({ write, only, against, measure, 'cpu-prof': cpuProf }) {
  if (!write || !(only || measure || against.length > 0 || cpuProf)) return;
  throw new SetupError(
    '--write needs a run of everything, without --only, --against, --measure or --cpu-prof.',
  );
}

await runMain(async () => {
  const options = readOptions();
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const plan = planFrom(options);
  const measures = measuresFrom(options);
  refusePartialPage(options);
  await ensureInstalled();
  await ensureBuilt();
  if (options.micro) return runForeground(runtime(), [inRoot('test/bench/micro.mjs')]);
  if (options.observers) return runObservers(plan);
  if (options['install-peers']) {
    await installCaddy();
    await installSpringGateway();
  }
  const { only, against, load, json, write, quick: isQuick, 'cpu-prof': cpuProf } = options;
  return runBenchmark({ plan, measures, isQuick, only, against, load, json, write, cpuProf });
});
