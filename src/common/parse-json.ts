/** @returns `undefined` for text that is not JSON, for a schema to refuse */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
