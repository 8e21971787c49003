// Sends requests at a fixed rate, whatever the answers do, and measures each from the time at which it was due. A server
// that stalls therefore delays every request that was due in the meantime, as it delays users (no coordinated omission).
// Usage: open-loop.mjs '{"url":"...","headers":{},"rate":1000,"seconds":3,"connections":64}'. Writes one JSON line when the
// time is over, or soon after stdin ends.
import { Worker } from 'node:worker_threads';
import { Pool } from 'undici';
import { percentile } from '../report/statistics.mjs';

const { url, headers, rate, seconds, connections } = JSON.parse(process.argv[2]);
const { origin, pathname: path } = new URL(url);
const intervalMs = 1000 / rate;
const waitsForAnswersMs = 10_000;
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
const pool = new Pool(origin, { connections, pipelining: 1, keepAliveTimeout: 60_000 });
const latencies = [];
const lags = [];
let sent = 0;

class Answer {
  constructor(dueMs, done) {
    this.dueMs = dueMs;
    this.done = done;
  }

  onRequestStart() {}

  onResponseStart(_controller, status) {
    this.failed = status !== 200;
  }

  onResponseData() {}

  onResponseEnd() {
    this.end(this.failed);
  }

  onResponseError() {
    this.end(true);
  }

  end(isFailure) {
    if (!isFailure) latencies.push(nowMs() - this.dueMs);
    this.done();
  }
}

const ask = (dueMs, done) => pool.dispatch({ method: 'GET', path, headers }, new Answer(dueMs, done));

/** Opens the connections and lets the compiler see the code. */
async function warmUp() {
  const one = () => new Promise((resolve) => ask(nowMs(), resolve));
  for (let i = 0; i < 5; i++) await Promise.all(Array.from({ length: connections }, one));
  latencies.length = 0;
}

function run() {
  const startMs = nowMs() + 50;
  const workerData = { startMs, intervalMs, count: Math.round(rate * seconds) };
  const metronome = new Worker(new URL('metronome.mjs', import.meta.url), { workerData });
  let open = 0;
  return new Promise((resolve) => {
    let isOver = false;
    const settle = () => isOver && open === 0 && resolve();
    const done = () => {
      open--;
      settle();
    };
    metronome.on('message', (due) => {
      if (isOver) return;
      for (; sent < due; sent++) {
        const dueMs = startMs + sent * intervalMs;
        lags.push(nowMs() - dueMs);
        open++;
        ask(dueMs, done);
      }
      if (sent === workerData.count) end();
    });
    const end = () => {
      if (isOver) return;
      isOver = true;
      void metronome.terminate();
      setTimeout(resolve, waitsForAnswersMs);
      settle();
    };
    process.stdin.resume().on('end', end);
  });
}

await warmUp();
console.log(JSON.stringify({ ready: true }));
await run();
const values = Float64Array.from(latencies).toSorted();
const at = (share) => percentile(values, share);
console.log(
  JSON.stringify({
    sent,
    failed: sent - latencies.length,
    p50Ms: at(0.5),
    p90Ms: at(0.9),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    maxMs: at(1),
    lagP99Ms: percentile(Float64Array.from(lags).toSorted(), 0.99),
  }),
);
process.exit(0);
