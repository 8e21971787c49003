import { readFile, writeFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** KiB. */
const MIB = 1024;

/** What a process may be asked here only Linux answers. */
export const canMeasureMemory = process.platform === 'linux';

/**
 * Forgets the peak of a process's resident memory so far.
 *
 * @returns a function that says, in MiB, the peak since it was last called, and forgets it in turn
 */
export async function watchPeak(pid: number | undefined): Promise<() => Promise<number>> {
  // `5` resets VmHWM (proc(5), clear_refs), so that no peak between two samples is missed.
  const forget = () => writeFile(`/proc/${pid}/clear_refs`, '5');
  await forget();
  return async () => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    await forget();
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / MIB;
  };
}

/** @returns bytes of this process that are still reachable */
export function inUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // The second one waits until what the first one found is freed.
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
