import { ensureBuilt } from './build.mjs';
import { runForeground, runMain } from './children.mjs';
import { ensureInstalled } from './install.mjs';
import { cli, runtime } from './project.mjs';

// In a clone, the command line of the sources as they are.
await runMain(async () => {
  await ensureInstalled();
  await ensureBuilt();
  // Relative paths refer to the directory of the user.
  return runForeground(runtime(), [cli, ...process.argv.slice(2)], { cwd: process.cwd() });
});
