import { readdirSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { runQuietly } from '../../scripts/lib/children.mjs';
import { findOnPath } from './find-on-path.mjs';

/**
 * Which core is measured, and which ones the others run on. All are undefined where processes cannot be pinned, or where
 * there is only one core.
 * @returns {{ contender?: number, load?: number, upstream?: number }}
 */
export function chooseCores() {
  const ours = allowedCores();
  if (ours.length < 2 || !findOnPath('taskset')) return {};
  return { contender: ours.at(-1), load: ours[0], upstream: ours.at(-2) };
}

/** Moves this process away from the core of the contenders, whose output it reads. */
export async function pinOurselves({ load }) {
  if (load === undefined) return;
  await runQuietly('taskset', ['--all-tasks', '--cpu-list', '--pid', String(load), String(process.pid)]);
}

/** Linux reports the CPU time of processes in hundredths of a second. */
const ticksPerSecond = 100;

/** @returns {number | undefined} seconds that processes, and other virtual machines, took from a core so far */
export function coreSeconds(core) {
  try {
    const lines = readFileSync('/proc/stat', 'utf8').split('\n');
    const [, user, nice, system, , , , , steal] = lines
      .find((line) => line.startsWith(`cpu${core} `))
      .split(/\s+/)
      .map(Number);
    return (user + nice + system + steal) / ticksPerSecond;
  } catch {
    return undefined;
  }
}

/** @returns {number[]} a process and its descendants, on Linux; elsewhere only the process */
export function processTree(pid) {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const children = threads.flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
    );
    return [pid, ...children.map(Number).flatMap(processTree)];
  } catch {
    return [pid];
  }
}

/** @returns {number | undefined} seconds of CPU that all threads of a process used so far, on Linux */
export function processSeconds(pid) {
  try {
    // The name in parentheses can contain any character, so that parsing starts after it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return undefined;
  }
}

/**
 * @returns {number | undefined} bytes of memory of a process, on Linux. Pages that several processes share are divided
 * among them (PSS), so that the processes of a server can be added up.
 */
export function processMemory(pid) {
  try {
    const [, kilobytes] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    return Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

/** @returns {number} how many files, and thereby connections, a process can open */
export function openFilesLimit() {
  try {
    const [, limit] = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return Number(limit);
  } catch {
    return 1024;
  }
}

/** The machine as the page describes it. */
export const describeMachine = () => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
  cores: allowedCores().length || cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
});

/** A container may be limited to some cores of its machine. */
function allowedCores() {
  try {
    const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    return list.split(',').flatMap((range) => {
      const [first, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
  } catch {
    return [];
  }
}
