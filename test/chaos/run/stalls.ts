import { readFileSync } from 'node:fs';
import type { Stall } from './types.js';

/** Milliseconds. */
const TICK = 20;
/** A timer is late by a little on every machine. */
const LEAST = 2;
const NANOSECONDS = 1e6;

export interface StallWatch {
  readonly stalls: readonly Stall[];
  readonly stop: () => void;
}

/**
 * Notes when the machine was too busy: when this process got no CPU although it only waited, or when another one was ready
 * to run and did not. The kernel measures that, so a process that is slow by itself has no stalls. Without Linux, only this
 * process is watched.
 *
 * @param pids of the processes that requests pass through; `undefined` for one that does not run now
 */
export function watchForStalls(pids: () => readonly (number | undefined)[]): StallWatch {
  const stalls: Stall[] = [];
  const waited = new Map<number, number>();
  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    // A wait that the kernel counts has ended by now; when it began is known from its length.
    const note = (ms: number) => ms > LEAST && stalls.push({ at: now - ms, ms });
    note(now - last - TICK);
    for (const pid of pids()) {
      const total = pid === undefined ? undefined : waitedForCpu(pid);
      if (pid === undefined || total === undefined) continue;
      note(total - (waited.get(pid) ?? total));
      waited.set(pid, total);
    }
    last = now;
  }, TICK);
  return { stalls, stop: () => clearInterval(timer) };
}

/** @returns milliseconds in all that the main thread of a process was ready and had no CPU, see sched-stats of the kernel */
function waitedForCpu(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / NANOSECONDS;
  } catch {
    return undefined; // It has ended, or this is not Linux.
  }
}
