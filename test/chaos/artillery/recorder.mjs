// Writes what the clients see to the file CHAOS_RECORDS, one JSON line for each request.
import { appendFileSync } from 'node:fs';

/** Milliseconds. */
const FLUSH_EVERY = 250;
const TICK = 10;
/** A timer that is later than this means that this process had no CPU, so that what it measured meanwhile is wrong. */
const STALL = 2;

const lines = [];
let lastTick;

/** @returns {number} milliseconds since 1970, with fractions */
export const now = () => performance.timeOrigin + performance.now();

export function record(entry) {
  if (lastTick === undefined) start();
  lines.push(JSON.stringify(entry));
}

/** Artillery loads the processor in threads that make no requests, too; they record nothing. */
function start() {
  lastTick = now();
  setInterval(flush, FLUSH_EVERY).unref();
  setInterval(watchForStalls, TICK).unref();
  process.on('exit', flush);
}

function flush() {
  if (lines.length === 0) return;
  appendFileSync(process.env.CHAOS_RECORDS, `${lines.join('\n')}\n`);
  lines.length = 0;
}

function watchForStalls() {
  const late = now() - lastTick - TICK;
  if (late > STALL) record({ stall: true, at: now() - late, ms: late });
  lastTick = now();
}
