const STRING_OR_MARK = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/**
 * Does the object have a key of its own twice? `JSON.parse` silently takes the last one.
 *
 * @param json valid JSON, an object at its top
 */
export function repeatsAKey(json: string): boolean {
  const seen = new Set<string>();
  let depth = 0;
  let candidate: string | undefined;
  for (const [part] of json.matchAll(STRING_OR_MARK)) {
    if (part === '{' || part === '[') depth++;
    else if (part === '}' || part === ']') depth--;
    else if (part === ':' && depth === 1 && candidate !== undefined) {
      // Parsed, because a key may be spelled with escapes.
      const key = String(JSON.parse(candidate));
      if (seen.has(key)) return true;
      seen.add(key);
    }
    candidate = part.startsWith('"') ? part : undefined;
  }
  return false;
}
