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

export const cpuModel = () => cpus()[0]?.model.trim() ?? 'unknown CPU';

/** A container may own only some of the cores of its machine; Linux says which. */
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
