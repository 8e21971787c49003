/** Writes a value that no part divides, with the key of its object or array, and the key of the object around that. */
type Write = (value: unknown, key: string, parent: string) => string | undefined;

/** Levels of objects and arrays that are divided: lists of hundreds of entries are no deeper. */
const DEPTH = 2;

/**
 * @param value of plain objects and arrays
 * @param write default: `JSON.stringify`
 * @returns its JSON in small parts, each of which is made when it is read
 */
export function* jsonParts(value: unknown, write: Write = (each) => JSON.stringify(each)): Generator<string> {
  yield* partsOf(value, write, DEPTH, '', '');
}

function* partsOf(
  value: unknown,
  write: Write,
  depth: number,
  key: string,
  parent: string,
): Generator<string> {
  if (depth === 0 || !isDivisible(value)) {
    yield write(value, key, parent) ?? 'null';
    return;
  }
  const isArray = Array.isArray(value);
  let before = isArray ? '[' : '{';
  for (const [name, each] of Object.entries(value)) {
    if (isArray) {
      yield before;
      yield* partsOf(each, write, depth - 1, key, parent);
    } else {
      if (each === undefined) continue;
      yield `${before}${JSON.stringify(name)}:`;
      yield* partsOf(each, write, depth - 1, name, key);
    }
    before = ',';
  }
  if (before !== ',') yield before;
  yield isArray ? ']' : '}';
}

/** Dates and others have a JSON of their own. */
function isDivisible(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === null || prototype === Object.prototype;
  return Array.isArray(value) || (isPlain && !('toJSON' in value));
}
