import { leftOut } from '../contenders/breakwater-config.mjs';
import * as tables from './tables.mjs';
import { quietUpTo } from './throughput.mjs';

const { asMarkdown, decimal, whole } = tables;

/** docs/benchmarks.md. Every figure in it comes from the run. */
export const page = (run) =>
  [introduction(run), results(run), contenders(run), method(run), options].join('\n\n') + '\n';

function introduction(run) {
  const { isQuick, seconds, machine, isPinned, node, startedAt, upstream, generator } = run;
  const minutes = Math.max(1, Math.round(seconds / 60));
  return `# Benchmarks

\`\`\`sh
npm run bench
\`\`\`

This command measures Breakwater and what people use in its place, in one run, and prints tables. This page was written by
\`npm run bench -- ${isQuick ? '--quick ' : ''}--write\` on ${startedAt.slice(0, 10)} in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}; every figure in it comes from that run.${
    isQuick
      ? '\n**It was a quick run**: one short round of each measurement, most of them with a few contenders only. Its figures give a first impression.'
      : ''
  }${disturbance(run.throughput)}
Compare the ratios between machines, not the requests per second.

| | |
| --- | --- |
| machine | ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB of memory, Linux ${machine.kernel} |
| pinned to cores | ${isPinned ? 'yes' : 'no, so that the figures scatter'} |
| Node | ${node} |
| load generator | ${generator}; for latency, the open loop of this project |
| upstream | ${upstream} |`;
}

function results(run) {
  const { throughput, latency, memory, bodies, scale } = run;
  return [
    '## Results',
    ...section(throughput, 'Throughput', () => [
      headline(throughput),
      image('throughput', 'Requests per second of each contender'),
      asMarkdown(tables.throughputTable(throughput)),
      'Ratios are medians of the ratios within each round. The best peer is the fastest proxy from npm.',
    ]),
    ...section(latency, 'Latency', () => [
      `At ${whole(run.plan.latency.rate)} requests per second. What the upstream itself takes is subtracted from what clients see.`,
      image('latency', 'Latency that each contender adds'),
      asMarkdown(tables.latencyTable(latency)),
    ]),
    ...section(memory, 'Memory', () => [
      'The memory of all processes of a contender, each started for this measurement.',
      image('memory', 'Memory of each contender'),
      asMarkdown(tables.memoryTable(memory)),
    ]),
    ...section(bodies, 'Size of the response body', () => [
      image('bodies', 'Throughput by the size of the response body'),
      asMarkdown(tables.bodiesTable(bodies)),
    ]),
    ...section(scale, 'Number of routes and upstreams', () => [
      'All routes receive requests in turn. Contenders take part if they read their routes from a file and can reload it.',
      image('routes', 'Throughput by the number of routes'),
      asMarkdown(tables.scaleTable(scale, 'routes')),
      image('upstreams', 'Throughput by the number of upstreams'),
      asMarkdown(tables.scaleTable(scale, 'upstreams')),
    ]),
    ...section(scale, 'Reload', () => [
      `A route is added to the file. Measured is the time until it answers, and the slowest of the ${whole(run.plan.scale.rate)} requests per second that arrive on another route in the meantime.`,
      image('reload', 'Time until a new route answers'),
      asMarkdown(tables.reloadTable(scale)),
    ]),
  ].join('\n\n');
}

const section = (measured, title, contents) =>
  measured ? [`### ${title}`, ...contents().filter((text) => text !== '')] : [];

const image = (name, text) => `![${text}](benchmarks/${name}.svg)`;

/** The main figures as sentences. */
function headline({ bestPeer, rows }) {
  const row = (id) => rows.find((each) => each.id === id);
  const [own, cached, open] = ['breakwater', 'breakwater-cached', 'breakwater-open'].map(row);
  return [
    own &&
      `With every feature on, Breakwater forwarded ${whole(own.requestsPerSecond)} requests per second on one core: ` +
        `${decimal(own.ofCeiling, 2)} of a bare Node proxy, and ${decimal(own.ofBestPeer, 2)} of the best npm peer (${bestPeer}).`,
    cached &&
      `From its cache it answered ${whole(cached.requestsPerSecond)}, ${decimal(cached.ofConstant, 2)} of a Nest handler that returns a constant.`,
    open && `With its breaker open it rejected ${whole(open.requestsPerSecond)}.`,
  ]
    .filter(Boolean)
    .join('\n');
}

/** A disturbed run is no evidence, and the page says so before the first figure. */
function disturbance(throughput) {
  const most = Math.max(0, ...(throughput?.rows ?? []).map(({ disturbed }) => disturbed ?? 0));
  if (most <= quietUpTo) return '';
  return `\n**The machine was busy**: other processes took up to ${Math.round(most * 100)}% of the core of the contenders in a round, so that the figures say little.`;
}

function contenders({ contenders, missing, skipped }) {
  const rows = contenders.map(({ title, description, version }) => [`\`${title}\``, description, version]);
  const absent = missing.map(({ title, hint }) => `- ${title} was missing. To measure it: ${hint}.`);
  absent.push(...skipped.map((title) => `- A part of the measurements of ${title} failed and is missing.`));
  return `## Contenders

Each is a process of its own on a port of the loopback interface, and all use the same upstream. The proxies from npm have
none of the features of Breakwater; they show what a plain proxy achieves. Each is a file of a few lines in
\`test/bench/peers\`. If the documentation of a contender describes a faster setup, please report it as a bug.

${asMarkdown({ header: ['row', 'description', 'version'], rows }).replaceAll('--:', '---')}
${absent.length > 0 ? `\n${absent.join('\n')}\n` : ''}
### Features

On in the row \`Breakwater\`: token verification with scopes, breaker, retries, hedging, bulkhead with a learned limit, outlier
ejection, slow start, probes, metrics, access log, fallback, CORS, compression, security headers, path rewriting, header rules with a
claim, WebSockets and deadlines. Off are:

${Object.values(leftOut.features)
  .map((feature) => `- ${feature}`)
  .join('\n')}`;
}

function method({ plan: { throughput, latency, memory, bodies, scale } }) {
  return `## Method

- Each contender is pinned to the same core with \`taskset\`. Only one contender receives load at a time, and those that wait
  are stopped (\`SIGSTOP\`). The upstream and the load generator run on other cores, or share one where there are only two.
- Before a measurement, the run checks that each contender responds correctly, that Breakwater rejects a request without a
  token, that the cache hits, and that the breaker is open.
- If any request fails with an unexpected status, a broken connection or a timeout, the run is void and exits with 1. The
  tables count such requests.
- **Throughput**: ${throughput.connections} keep-alive connections with one request in flight each, by wrk with one thread if it is installed, and
  otherwise by autocannon, which npm installs. autocannon needs most of a core itself, which limits the fastest
  contenders. The response is JSON of 460 bytes. There are ${throughput.warmUpRounds} rounds to warm up and then ${count(throughput.rounds, 'round')} of ${throughput.seconds} s for each
  contender, in another order each time. Medians are reported, and the lowest and the highest round.
- **CPU µs/req** is the CPU time of the contender per request, as the kernel reports it. On a busy machine it is more
  reliable than requests per second.
- **Latency**: requests leave at a fixed rate of ${whole(latency.rate)} per second over up to ${latency.connections} connections, whether or not earlier ones were
  answered (open loop), in ${count(latency.rounds, 'round')} of ${latency.seconds} s. Each is measured from the time at which it was due, so that a stall counts for
  all requests that it delays (no coordinated omission). A thread that waits on a lock keeps the time, since timers of Node are
  too coarse. The upstream is measured in the same way in each round, and its percentiles are subtracted from those of the
  contenders.
- **Memory** is the proportional set size of all processes of a contender: ${memory.settleMs} ms after the start; while ${whole(memory.idle)} clients are
  connected, each of which has sent one request and got its response; and the highest value during ${memory.seconds} s of load on
  ${memory.connections} connections. The memory of the kernel for the connections is not included. The memory per
  connection is computed from the second half of the connections, since the first half also makes the heap grow.
- **Body sizes**: ${bodies.connections} connections, ${count(bodies.rounds, 'round')} of ${bodies.seconds} s. Contenders that can only forward JSON are left out.
- **Routes and upstreams**: ${scale.connections} connections for ${scale.seconds} s. wrk requests all routes in turn; autocannon only one. With many
  routes there are two upstreams, and with many upstreams each has one route. All upstreams are the same server.
- **Reload**: \`SIGHUP\` for Breakwater and nginx, \`SIGUSR2\` for HAProxy, and a request to the administration of Caddy.`;
}

const count = (number, word) => `${number} ${word}${number === 1 ? '' : 's'}`;

const options = `## Options

\`npm run bench -- --help\` lists all options. \`--quick\` measures everything in less than two minutes. \`--install-peers\` builds
Caddy and Spring Cloud Gateway, which needs Go, Java and Maven, and keeps them in \`~/.cache/breakwater\`. nginx, HAProxy, wrk
and Redis come from the system (\`apt install nginx-light haproxy wrk redis-server\`).

\`\`\`sh
npm run bench -- --only bare,breakwater
npm run bench -- --only bare,breakwater --measure throughput,latency --rounds 9 --seconds 10 --json figures.json
\`\`\`

With \`--only\` or \`--against\`, only throughput is measured unless \`--measure\` says otherwise. To measure the cost of a change,
build the previous version in a worktree and measure the rows of both in the same run:

\`\`\`sh
git worktree add ../before && (cd ../before && npm ci && npm run build)
npm run bench -- --only bare,breakwater --against ../before --rounds 15
\`\`\`

To record a CPU profile of Breakwater under load for Chrome DevTools:

\`\`\`sh
npm run bench -- --only breakwater --cpu-prof
\`\`\`

To measure single steps of the request path without sockets, use \`--micro\`. The steps include the token guard with a known
and with a new token, and the plain verification of the same RS256 signature. The guard should take less than 100 µs more
than the verification.

\`\`\`sh
npm run bench -- --micro
\`\`\``;
