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
