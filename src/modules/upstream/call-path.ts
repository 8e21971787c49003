/**
 * @param path path and query of a call in code
 * @returns the same without dot segments and a fragment, which no service would understand
 * @throws TypeError when it does not begin with a slash: behind the path of the upstream's URL, it would be another one
 */
export function callPath(path: string): string {
  if (!path.startsWith('/')) throw new TypeError(`The path of a call has to begin with "/": ${path}`);
  // Behind an authority, two slashes at its start are a part of the path.
  const { pathname, search } = new URL(`http://upstream${path}`);
  return pathname + search;
}
