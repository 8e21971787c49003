import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { spawnNode } from '../support/process.js';

it('what a linked node_modules leads to is not deleted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'breakwater-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [clone, elsewhere, bin] = ['clone', 'elsewhere', 'bin'].map((name) => join(folder, name));
  await Promise.all([clone!, elsewhere!, bin!].map((each) => mkdir(each)));
  for (const each of ['scripts', 'src', 'package.json', 'package-lock.json']) {
    await cp(each, join(clone!, each), { recursive: true });
  }
  await writeFile(join(elsewhere!, 'package'), '');
  await symlink(elsewhere!, join(clone!, 'node_modules'));
  await writeFile(join(bin!, 'npm'), '#!/bin/sh\necho npm was called\nexit 1\n');
  await chmod(join(bin!, 'npm'), 0o755);

  const start = spawnNode([join(clone!, 'scripts/start.mjs')], { PATH: `${bin}:${process.env['PATH']}` });

  // There is nothing in it to build with.
  expect(await start.exited).toBe(1);
  expect(start.stderr).toContain('node_modules is a link');
  expect(start.stderr).not.toContain('npm was called');
  expect(await readdir(elsewhere!)).toEqual(['package']);
});
