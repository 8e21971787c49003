/** `engines` of package.json. */
const OLDEST = 24;

/** @returns what to tell whoever starts us on a Node that is too old, `undefined` on one that will do */
export function nodeTooOld(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= OLDEST) return undefined;
  return (
    `Breakwater needs Node.js ${OLDEST} or newer, this is ${version}. In a clone, npm brings the right one: ` +
    '`npm start -- -c gateway.yaml`, `npx breakwater check`.'
  );
}
