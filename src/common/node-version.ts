/**
 * @param version such as `24.9.0`
 * @param engines `engines.node` of package.json, such as `>=24.9`
 * @returns what to tell whoever starts us on a Node that is too old, `undefined` on one that will do
 */
export function nodeTooOld(version: string, engines: string): string | undefined {
  const oldest = engines.replace('>=', '');
  // `numeric`: 24.10 comes after 24.9.
  if (version.localeCompare(oldest, 'en', { numeric: true }) >= 0) return undefined;
  return (
    `Breakwater needs Node.js ${oldest} or newer, this is ${version}. In a clone, npm brings the right one: ` +
    '`npm start -- -c gateway.yaml`, `npx breakwater check`.'
  );
}
