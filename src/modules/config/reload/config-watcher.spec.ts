import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigWatcher } from './config-watcher.js';
import { fingerprintNow } from './fingerprint.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'breakwater-'));
  file = join(folder, 'gateway.yaml');
  writeFileSync(file, 'first');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

function watch() {
  let changes = 0;
  const watcher = new ConfigWatcher(new Map([[file, fingerprintNow(file)]]), () => changes++);
  watcher.start();
  return {
    watcher,
    /** Lets the watcher look once. @returns how many changes it has reported so far */
    look: async () => {
      vi.advanceTimersByTime(1_000);
      // The next look is planned when this one is over.
      while (vi.getTimerCount() === 0) await setImmediate();
      return changes;
    },
  };
}

describe('ConfigWatcher', () => {
  it('reports a change once, when the file has stayed the same between two looks', async () => {
    const { look, watcher } = watch();
    expect(await look()).toBe(0);
    writeFileSync(file, 'second');
    expect([await look(), await look(), await look()]).toEqual([0, 1, 1]);
    watcher.stop();
  });

  it('waits while a file is being written', async () => {
    const { look, watcher } = watch();
    for (const text of ['s', 'se', 'sec']) {
      writeFileSync(file, text);
      expect(await look()).toBe(0);
    }
    expect([await look(), await look()]).toEqual([1, 1]);
    watcher.stop();
  });

  it('reports another file under the same name, a missing one, and one that is back', async () => {
    const { look, watcher } = watch();
    writeFileSync(`${file}~`, 'first');
    renameSync(`${file}~`, file);
    expect([await look(), await look()]).toEqual([0, 1]);
    rmSync(file);
    expect([await look(), await look(), await look()]).toEqual([1, 2, 2]);
    writeFileSync(file, 'back');
    expect([await look(), await look()]).toEqual([2, 3]);
    watcher.stop();
  });

  it('ends with its last look', () => {
    watch().watcher.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
