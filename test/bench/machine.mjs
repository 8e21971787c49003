import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { delimiter, join } from 'node:path';

/** @returns {string | undefined} where a command is */
export const findOnPath = (command) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((directory) => join(directory, command))
    .find((path) => existsSync(path));

/**
 * Which core measures and which one is measured. Both are undefined where processes cannot be pinned, or where there
 * is only one core.
 * @returns {{ contender?: number, rest?: number }}
 */
export function chooseCores() {
  const ours = allowedCores();
  if (ours.length < 2 || !findOnPath('taskset')) return {};
  return { contender: ours.at(-1), rest: ours[0] };
}

/** Linux reports the CPU time of processes in hundredths of a second. */
const ticksPerSecond = 100;

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

export const cpuModel = () => cpus()[0]?.model.trim() ?? 'unknown CPU';

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
