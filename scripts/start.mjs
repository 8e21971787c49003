// `npm start` runs the gateway with two demo services, or with a configuration file: `npm start -- -c gateway.yaml`.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt } from './lib/build.mjs';
import { runForeground, runMain } from './lib/children.mjs';
import { runDemo } from './lib/demo.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { cli, runtime, SetupError } from './lib/project.mjs';

await runMain(async () => {
  const config = configPath();
  await ensureInstalled();
  await ensureBuilt();
  return config ? runForeground(runtime(), [cli, 'start', '-c', config]) : runDemo();
});

function configPath() {
  const path = options().config ?? process.env.GATEWAY_CONFIG;
  // npm runs scripts in the project's root; a relative path refers to the directory of the user.
  const typedIn = process.env.npm_lifecycle_event === 'start' ? process.env.INIT_CWD : undefined;
  return path && resolve(typedIn ?? process.cwd(), path);
}

function options() {
  try {
    return parseArgs({ options: { config: { type: 'string', short: 'c' } } }).values;
  } catch (error) {
    throw new SetupError(`${error.message}\nusage: npm start, or npm start -- -c gateway.yaml`);
  }
}
