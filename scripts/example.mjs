// `npm run example NAME` runs one of the set-ups in examples/: its services, Redis if it needs one, and its gateways.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { runMain } from './lib/children.mjs';
import { runExample } from './lib/example.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { inRoot, SetupError } from './lib/project.mjs';

await runMain(async () => {
  const [name, ...more] = process.argv.slice(2);
  const known = namesOf(inRoot('examples'));
  if (more.length > 0 || !known.includes(name))
    throw new SetupError(`usage: npm run example ${known.join('|')}`);
  await ensureInstalled();
  await ensureBuilt();
  return runExample(name);
});

/** Every example with a manifest. */
function namesOf(folder) {
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'example.json')));
  names.sort();
  return names;
}
