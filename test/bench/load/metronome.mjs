// A thread that says when each request of an open loop is due. Timers of Node are a millisecond coarse, which is more
// than a proxy adds; a thread that waits on a lock wakes up within some hundredths of a millisecond.
import { parentPort, workerData } from 'node:worker_threads';

const { startMs, intervalMs, count } = workerData;
const lock = new Int32Array(new SharedArrayBuffer(4));
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

for (let due = 0; due < count;) {
  const waitMs = startMs + due * intervalMs - nowMs();
  if (waitMs > 0) Atomics.wait(lock, 0, 0, waitMs);
  // All that are due by now, so that a thread that was held up catches up.
  due = Math.min(count, Math.floor((nowMs() - startMs) / intervalMs) + 1);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- Threads have no origin.
  parentPort.postMessage(due);
}
