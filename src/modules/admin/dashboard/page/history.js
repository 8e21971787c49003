/** @import { Picture, Rates, UpstreamTimeline } from '../wire.js' */

/** Seconds. */
const SHOWN = 120;
/** As long as the counts in an overview. */
const MEAN_OF = 10;
const MOST_READS = 4;

/** @typedef {{ requests: number[], errors: number[] }} Trace means of ten seconds, oldest first, one for each second */

/** @type {Map<string, Trace>} */
const traces = new Map();
/** @type {Set<string>} */
const asked = new Set();
/** @type {string[]} */
const waiting = [];
let reading = 0;
let recordedAt = 0;

/**
 * Adds what is known now, once a second.
 *
 * @param {Picture} picture
 */
export function record({ at, upstreams }) {
  const seconds = Math.min(SHOWN, Math.floor((at - recordedAt) / 1_000));
  if (seconds < 1) return;
  recordedAt = at;
  // The page was hidden, or disconnected.
  if (seconds > MEAN_OF) {
    traces.clear();
    asked.clear();
  }
  for (const [id, { callers }] of upstreams) {
    let trace = traces.get(id);
    if (!trace) traces.set(id, (trace = { requests: [], errors: [] }));
    for (let n = trace.requests.length === 0 ? 1 : seconds; n > 0; n--) {
      push(trace.requests, callers.requests / MEAN_OF);
      push(trace.errors, callers.errors / MEAN_OF);
    }
  }
  for (const id of traces.keys()) if (!upstreams.has(id)) traces.delete(id);
}

/** @type {(numbers: number[], n: number) => void} */
function push(numbers, n) {
  numbers.push(n);
  if (numbers.length > SHOWN) numbers.shift();
}

/** @param {string} id */
export function traceOf(id) {
  return traces.get(id);
}

/**
 * Reads what was before the page was opened, once.
 *
 * @param {string} id
 */
export function readPast(id) {
  if (asked.has(id)) return;
  asked.add(id);
  waiting.push(id);
  void work();
}

async function work() {
  if (reading >= MOST_READS) return;
  const id = waiting.shift();
  if (id === undefined) return;
  reading++;
  try {
    const { rates } = await readTimeline(id, `${SHOWN + MEAN_OF}s`);
    traces.set(id, { requests: means(rates.requests), errors: means(rates.errors) });
  } catch {
    // The trace begins with the page.
  }
  reading--;
  void work();
}

/**
 * @param {string} id
 * @param {string} last such as `15m`
 * @returns {Promise<UpstreamTimeline>}
 */
export async function readTimeline(id, last) {
  const response = await fetch(`admin/upstreams/${encodeURIComponent(id)}/timeline?last=${last}`);
  if (!response.ok) throw new Error(`status ${response.status}`);
  return /** @type {UpstreamTimeline} */ (await response.json());
}

/** @param {Rates['requests']} counts */
function means(counts) {
  const result = [];
  let sum = 0;
  for (const [i, n] of counts.entries()) {
    sum += n - (counts[i - MEAN_OF] ?? 0);
    if (i >= MEAN_OF - 1) result.push(sum / MEAN_OF);
  }
  return result.slice(-SHOWN);
}
