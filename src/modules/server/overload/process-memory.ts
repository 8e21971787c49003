import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { Injectable } from '@nestjs/common';

const MIB = 1024 * 1024;
/** Files of the kernel that tell the memory of a group of processes, such as a container, by the version of cgroups. */
const VERSIONS = [
  {
    group: /^\d+:memory:(.*)$/m,
    folder: '/sys/fs/cgroup/memory',
    usage: 'memory.usage_in_bytes',
    cache: /^total_cache (\d+)$/m,
    shared: /^total_shmem (\d+)$/m,
  },
  {
    group: /^0::(.*)$/m,
    folder: '/sys/fs/cgroup',
    usage: 'memory.current',
    cache: /^file (\d+)$/m,
    shared: /^shmem (\d+)$/m,
  },
];

type Read = (path: string) => string | undefined;

/** The memory of this process. */
@Injectable()
export class ProcessMemory {
  /** The used share of V8's heap, or of the container's memory when that is more. */
  get used(): number {
    return Math.max(heapUsed(), containerUsed());
  }
}

/** Measures the old generation, whose end ends the process; the young one has a limit of its own. */
function heapUsed(): number {
  const used = getHeapSpaceStatistics()
    .filter(({ space_name: name }) => !name.startsWith('new_'))
    .reduce((sum, space) => sum + space.space_used_size, 0);
  return used / oldGenerationLimit(process.execArgv, process.env['NODE_OPTIONS']);
}

/**
 * @param flags of the command line, which count more than `options`
 * @param options those of `NODE_OPTIONS`
 * @returns bytes
 */
export function oldGenerationLimit(
  flags: readonly string[],
  options = '',
  total = getHeapStatistics().heap_size_limit,
): number {
  const explicit = [...`${options} ${flags.join(' ')}`.matchAll(/--max[-_]old[-_]space[-_]size=(\d+)/g)].at(
    -1,
  );
  // Otherwise V8 gives the young generation three parts of 67, and at most 96 MiB, of its `heap_size_limit`.
  return explicit ? Number(explicit[1]) * MIB : total - Math.min(96 * MIB, (total * 3) / 67);
}

/**
 * Files that the kernel has read for the processes are no use of memory: it drops them when memory is short.
 *
 * @returns the used share of the memory that the container, or the service of systemd, may use; 0 when that is not limited
 */
export function containerUsed(read: Read = readText, limit = process.constrainedMemory()): number {
  // Without a limit, Node reports 0 or more than any machine has.
  if (limit === 0 || limit >= totalmem()) return 0;
  const groups = read('/proc/self/cgroup') ?? '';
  for (const { group, folder, usage, cache, shared } of VERSIONS) {
    const [, path] = group.exec(groups) ?? [];
    // A container sees its own group at the root of the folder, whatever its path is outside.
    for (const place of path === undefined ? [] : [`${folder}${path}`, folder]) {
      const used = Number(read(`${place}/${usage}`) ?? NaN);
      if (Number.isNaN(used)) continue;
      const statistics = read(`${place}/memory.stat`) ?? '';
      const bytes = (pattern: RegExp) => Number(pattern.exec(statistics)?.[1] ?? 0);
      return (used - bytes(cache) + bytes(shared)) / limit;
    }
  }
  return 0;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
