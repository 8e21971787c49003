import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { spawnScript } from '../support/process.js';

it('says why no Kubernetes node can run, and exits with 0', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'breakwater-'));
  onTestFinished(() => rm(empty, { recursive: true }));
  const run = spawnScript(['scripts/kubernetes.mjs'], {
    PATH: empty,
    XDG_CACHE_HOME: empty,
    BREAKWATER_SYSTEM_SETUP: '0',
  });
  expect([await run.exited, run.stderr]).toEqual([0, '']);
  expect(run.lines).toEqual([
    expect.stringMatching(/^Skipped the Kubernetes suite.*(not found on PATH: etcd|needs Linux and root)/),
    '0 passed, 0 failed',
  ]);
});
