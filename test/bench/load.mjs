import { inRoot, runtime, SetupError } from '../../scripts/lib/project.mjs';
import { findOnPath } from './machine.mjs';
import { runPinned } from './processes.mjs';

/**
 * @typedef {object} Load what one round of a contender brought
 * @property {number} requests answered
 * @property {number} seconds
 * @property {number} p50Ms
 * @property {number} p99Ms
 * @property {number} failed answers without a 2xx status, broken connections and time-outs
 */

/**
 * Picks what makes the load: wrk, which takes little CPU itself, or else autocannon, which npm installs.
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
async function runWrk({ url, headers, seconds, connections, core }) {
  const report = ['--script', inRoot('test/bench/wrk-report.lua')];
  const sizes = ['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`];
  const fields = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
  const output = await runPinned(core, ['wrk', ...sizes, ...report, ...fields, url], withinMs(seconds));
  const measured = JSON.parse(output.trim().split('\n').at(-1));
  return {
    requests: measured.requests,
    seconds: measured.durationUs / 1e6,
    p50Ms: measured.p50Us / 1000,
    p99Ms: measured.p99Us / 1000,
    failed: measured.badStatus + measured.socketErrors,
  };
}

/** @returns {Promise<Load>} */
async function runAutocannon({ url, headers, seconds, connections, core }) {
  const autocannon = [runtime(), inRoot('node_modules/autocannon/autocannon.js'), '--json', '--no-progress'];
  const sizes = ['--connections', String(connections), '--duration', String(seconds)];
  const fields = Object.entries(headers).flatMap(([name, value]) => ['--headers', `${name}=${value}`]);
  const output = await runPinned(core, [...autocannon, ...sizes, ...fields, url], withinMs(seconds));
  const measured = JSON.parse(output);
  return {
    requests: measured.requests.total,
    seconds: measured.duration,
    p50Ms: measured.latency.p50,
    p99Ms: measured.latency.p99,
    failed: measured.non2xx + measured.errors + measured.timeouts,
  };
}

const withinMs = (seconds) => seconds * 1000 + 20_000;
