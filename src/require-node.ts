// Imported before all else: on an older Node a dependency would throw while it loads, and show a stack.
import { readFileSync } from 'node:fs';

const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
// Our own file, and the one place that says which Node will do.
export const { engines, version } = JSON.parse(manifest) as { engines: { node: string }; version: string };

const message = nodeTooOld(process.versions.node, engines.node);
if (message !== undefined) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/**
 * @param version such as `24.9.0`
 * @param engines `engines.node` of package.json, such as `>=24.9`
 * @returns the error message for a Node that is too old, `undefined` for one that is new enough
 */
export function nodeTooOld(version: string, engines: string): string | undefined {
  const oldest = engines.replace('>=', '');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split('.').map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return (
    `Breakwater needs Node.js ${oldest} or newer, this is ${version}. In a clone, npm brings the right one: ` +
    '`npm start -- -c gateway.yaml`, `npx breakwater check`.'
  );
}
