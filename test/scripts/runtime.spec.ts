import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { spawnNode } from '../support/process.js';

/** What `runtime()` says in a checkout that wants `node`, with or without the pinned one. */
async function runtime(node: string, isPinned: boolean) {
  const folder = await mkdtemp(join(tmpdir(), 'breakwater-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp('scripts/lib/project.mjs', join(folder, 'scripts/lib/project.mjs'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ engines: { node } }));
  if (isPinned) {
    await mkdir(join(folder, 'node_modules/node/bin'), { recursive: true });
    await writeFile(join(folder, 'node_modules/node/bin/node'), '');
  }
  const script = JSON.stringify(new URL(`file://${join(folder, 'scripts/lib/project.mjs')}`).href);
  const call = `const { runtime, SetupError } = await import(${script});
    try { console.log(runtime()); } catch (error) { console.log(error instanceof SetupError, error.message); }`;
  const run = spawnNode(['--input-type=module', '-e', call]);
  await run.exited;
  return { folder, said: run.lines.join('\n') };
}

describe('the Node that the scripts use', () => {
  it('is the pinned package', async () => {
    const { folder, said } = await runtime('>=99.0', true);
    expect(said).toBe(join(folder, 'node_modules/node/bin/node'));
  });

  it.each(['>=24.9', `>=${process.versions.node}`])(
    'is that of the system without a pinned package, if it is %s',
    async (node) => {
      expect((await runtime(node, false)).said).toBe(process.execPath);
    },
  );

  it('is rejected with advice when it is too old', async () => {
    const { said } = await runtime('>=100.0', false);
    expect(said).toContain(`true Breakwater needs Node 100.0 or newer, but this is ${process.version}`);
    expect(said).toContain('npm ci --ignore-scripts=false');
  });
});
