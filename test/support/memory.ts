import { readFile, writeFile } from 'node:fs/promises';

const MIB = 1024;

/** What a process may be asked here only Linux answers. */
export const canMeasureMemory = process.platform === 'linux';

/**
 * Notes the resident memory of a process and forgets its peak so far.
 *
 * @returns a function that says by how many MiB the peak since then is above what was noted
 */
export async function watchMemory(pid: number | undefined): Promise<() => Promise<number>> {
  // `5` resets VmHWM (proc(5), clear_refs), so that no peak between two samples is missed.
  await writeFile(`/proc/${pid}/clear_refs`, '5');
  const before = await read(pid, 'VmRSS');
  return async () => ((await read(pid, 'VmHWM')) - before) / MIB;
}

/** @returns KiB */
async function read(pid: number | undefined, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
}
