#!/usr/bin/env node
// `npx breakwater` runs the command line. npx links to this file instead of dist/cli.js, which a clone lacks before its
// first build.
import { existsSync } from 'node:fs';
import { ensureBuilt } from './lib/build.mjs';
import { runForeground, runMain } from './lib/children.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { cli, inRoot, runtime } from './lib/project.mjs';

const isClone = existsSync(inRoot('package-lock.json')); // npm leaves it out of packages, which are built.
if (!isClone) await import('../dist/cli.js');
else {
  await runMain(async () => {
    await ensureInstalled();
    await ensureBuilt();
    // Relative paths refer to the directory of the user.
    return runForeground(runtime(), [cli, ...process.argv.slice(2)], { cwd: process.cwd() });
  });
}
