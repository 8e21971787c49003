/**
 * Takes a parameter out of a query and leaves the rest as it was written.
 *
 * @param query raw, with its `?`, or empty
 * @returns `undefined` if the parameter is not there; several of one name are joined, so that they are no valid value
 */
export function takeParameter(query: string, name: string): { value: string; rest: string } | undefined {
  const values: string[] = [];
  const kept = query
    .slice(1)
    .split('&')
    .filter((part) => {
      const [entry] = new URLSearchParams(part);
      if (entry?.[0] !== name) return true;
      values.push(entry[1]);
      return false;
    });
  if (values.length === 0) return undefined;
  return { value: values.join(','), rest: kept.length === 0 ? '' : `?${kept.join('&')}` };
}
