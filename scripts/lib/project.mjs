import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Everything under scripts/ has to start on the system's Node (>= 18) with no dependency installed: on a fresh
// clone it is what installs them. Children then run on the pinned runtime.

export const root = fileURLToPath(new URL('../../', import.meta.url));

export const inRoot = (...parts) => join(root, ...parts);

/** The built command line of the gateway. */
export const cli = inRoot('dist/cli.js');

/** A failure that the user can fix. It is printed as one paragraph without a stack. */
export class SetupError extends Error {}

/**
 * @returns {string} the Node that runs everything but these scripts
 * @throws {SetupError} when the pinned one could not be installed and the system's is too old
 */
export function runtime() {
  // Not in node_modules/.bin, where Windows has a script instead of the executable.
  const pinned = inRoot('node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(pinned)) return pinned;
  const oldest = JSON.parse(readFileSync(inRoot('package.json'), 'utf8')).engines.node.replace('>=', '');
  if (process.versions.node.localeCompare(oldest, 'en', { numeric: true }) >= 0) return process.execPath;
  throw new SetupError(
    `Breakwater needs Node ${oldest} or newer, but this is ${process.version}, and the pinned runtime is not in node_modules. ` +
      'npm is probably configured to ignore install scripts. Run `npm ci --ignore-scripts=false`, then this command again.',
  );
}
