import { describe, expect, it } from 'vitest';
import { containerUsed, oldGenerationLimit, ProcessMemory } from './process-memory.js';

const MIB = 1024 * 1024;

describe('ProcessMemory', () => {
  it('is used between nothing and all', () => {
    expect(new ProcessMemory().used).toBeGreaterThan(0);
    expect(new ProcessMemory().used).toBeLessThan(1);
  });
});

describe('oldGenerationLimit', () => {
  it.each([
    // What V8 reports with --max-old-space-size-percentage=50 in containers of 256 and 1024 MiB, and on a large machine.
    [134, [], '', 128],
    [536, [], '', 512],
    [4_288, [], '', 4_192],
    [160, ['--max-old-space-size=64'], '', 64],
    [160, ['--max-old-space-size=64'], '--max-old-space-size=128', 64],
    [224, [], '--no-warnings --max_old_space_size=128', 128],
  ])('of %d MiB with the flags %j and the options %j is %d MiB', (total, flags, options, expected) => {
    expect(oldGenerationLimit(flags, options, total * MIB) / MIB).toBe(expected);
  });
});

describe('containerUsed', () => {
  const reading = (files: Readonly<Record<string, string>>) => (path: string) => files[path];
  const V1 = '11:memory:/docker/abc\n4:cpu:/docker/abc\n';
  const STAT_V1 = 'cache 1\nshmem 1\ntotal_cache 60\ntotal_shmem 10\n';

  it.each([
    ['version 2', { '/proc/self/cgroup': '0::/\n' }, '/sys/fs/cgroup/', 'memory.current'],
    [
      'version 2, a service',
      { '/proc/self/cgroup': '0::/system.slice/a\n' },
      '/sys/fs/cgroup/system.slice/a/',
      'memory.current',
    ],
    ['version 1', { '/proc/self/cgroup': V1 }, '/sys/fs/cgroup/memory/', 'memory.usage_in_bytes'],
    [
      'version 1, outside of the container',
      { '/proc/self/cgroup': V1 },
      '/sys/fs/cgroup/memory/docker/abc/',
      'memory.usage_in_bytes',
    ],
  ])('leaves out files that the kernel can drop: %s', (_title, groups, folder, usage) => {
    const files = {
      ...groups,
      [`${folder}${usage}`]: '100\n',
      [`${folder}memory.stat`]: usage === 'memory.current' ? 'anon 30\nfile 60\nshmem 10\n' : STAT_V1,
    };
    expect(containerUsed(reading(files), 200)).toBe(0.25);
  });

  it.each([0, Number.MAX_SAFE_INTEGER])('is none where the memory is not limited: %d', (limit) => {
    const files = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.current': '100\n' };
    expect(containerUsed(reading(files), limit)).toBe(0);
  });

  it('is none where the kernel does not tell', () => {
    expect(containerUsed(reading({}), 200)).toBe(0);
  });
});
