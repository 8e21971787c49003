import { inRoot, runtime, SetupError } from '../../../scripts/lib/project.mjs';
import { findOnPath } from '../find-on-path.mjs';
import { runPinned } from '../processes.mjs';

/**
 * @typedef {object} Load what one round of a contender brought
 * @property {number} requests answered
 * @property {number} bytes of the responses, with their heads
 * @property {number} seconds
 * @property {number} p50Ms
 * @property {number} p99Ms
 * @property {number} failed answers without the expected status, broken connections and time-outs
 *
 * @typedef {object} Target
 * @property {string} url
 * @property {Record<string, string>} headers
 * @property {number} [expects] 503 of a contender that is to reject every request
 * @property {[prefix: string, count: number, suffix: string]} [paths] to ask for in turn in place of the one in `url`
 */

/**
 * Picks what makes the load: wrk, which takes little CPU itself, or else autocannon, which npm installs. Each keeps a
 * number of connections busy: the next request of a connection waits for the response (closed loop).
 * @param {string | undefined} wanted `wrk` or `autocannon`
 */
export function loadGenerator(wanted) {
  const name = wanted ?? (findOnPath('wrk') ? 'wrk' : 'autocannon');
  if (name === 'autocannon') return { name, run: runAutocannon };
  if (name !== 'wrk') throw new SetupError(`--load is wrk or autocannon, not ${name}.`);
  if (!findOnPath('wrk')) throw new SetupError('wrk is not on PATH. Debian has it as `apt install wrk`.');
  return { name, run: runWrk };
}

/** @returns {Promise<Load>} */
async function runWrk({ url, headers, expects = 200, paths = [], seconds, connections, core }) {
  const script = ['--script', inRoot('test/bench/load/wrk.lua')];
  const sizes = ['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`];
  const fields = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
  const command = ['wrk', ...sizes, ...script, ...fields, url, ...(paths.length ? ['--', ...paths] : [])];
  const output = await runPinned(core, command.map(String), withinMs(seconds));
  const { requests, bytes, durationUs, p50Us, p99Us, badStatus, socketErrors } = JSON.parse(
    output.trim().split('\n').at(-1),
  );
  const wrongStatus = expects === 200 ? badStatus : requests - badStatus;
  return {
    requests,
    bytes,
    seconds: durationUs / 1e6,
    p50Ms: p50Us / 1000,
    p99Ms: p99Us / 1000,
    failed: wrongStatus + socketErrors,
  };
}

/** Asks for one path only, since its command line knows no list of them. @returns {Promise<Load>} */
async function runAutocannon({ url, headers, expects = 200, paths, seconds, connections, core }) {
  const autocannon = [runtime(), inRoot('node_modules/autocannon/autocannon.js'), '--json', '--no-progress'];
  const sizes = ['--connections', String(connections), '--duration', String(seconds)];
  const fields = Object.entries(headers).flatMap(([name, value]) => ['--headers', `${name}=${value}`]);
  const [prefix, , suffix] = paths ?? [];
  const address = paths ? new URL(`${prefix}0${suffix}`, url).href : url;
  const output = await runPinned(core, [...autocannon, ...sizes, ...fields, address], withinMs(seconds));
  const measured = JSON.parse(output);
  const wrongStatus = expects === 200 ? measured.non2xx : measured.requests.total - measured['5xx'];
  return {
    requests: measured.requests.total,
    bytes: measured.throughput.total,
    seconds: measured.duration,
    p50Ms: measured.latency.p50,
    p99Ms: measured.latency.p99,
    failed: wrongStatus + measured.errors + measured.timeouts,
  };
}

const withinMs = (seconds) => seconds * 1000 + 20_000;
