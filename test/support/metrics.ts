/**
 * Reads `/metrics`.
 *
 * @param labels labels that a series must have; it can have more
 * @returns the sum of the matching series, or 0 without one
 */
export async function metric(
  managementUrl: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const response = await fetch(`${managementUrl}/metrics`, { headers: { connection: 'close' } });
  return sumOf(await response.text(), name, labels);
}

/** Does the same for a text that was already read. */
export function sumOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split(/\r?\n/)
    .map((line) => /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line))
    .filter((series) => series?.[1] === name)
    .filter((series) => wanted.every((label) => series?.[2]?.split(',').includes(label)))
    .reduce((sum, series) => sum + Number(series?.[3]), 0);
}
