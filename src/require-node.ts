// Imported before all else: on an older Node a dependency would throw while it loads, and show a stack.
import { nodeTooOld } from './common/node-version.js';

const message = nodeTooOld(process.versions.node);
if (message !== undefined) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
