import { readFile, writeFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** One MiB in KiB. */
const MIB = 1024;

/** Only Linux has the files that are read here. */
export const canMeasureMemory = process.platform === 'linux';

/**
 * Resets the peak of a process's resident memory.
 *
 * @returns a function that returns the peak in MiB since its last call and resets it again
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

/** @returns how many bytes of this process are reachable */
export function inUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // A further collection frees what the previous one found.
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
