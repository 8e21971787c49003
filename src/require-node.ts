// Imported before all else: on an older Node a dependency would throw while it loads, and show a stack.
import { readFileSync } from 'node:fs';
import { nodeTooOld } from './common/node-version.js';

const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
// Our own file, and the one place that says which Node will do.
const { engines } = JSON.parse(manifest) as { engines: { node: string } };

const message = nodeTooOld(process.versions.node, engines.node);
if (message !== undefined) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
