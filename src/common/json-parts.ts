/** Writes a value that no part divides, with the keys of the objects that it is in, the outermost first. */
type Write = (value: unknown, path: readonly string[]) => string | undefined;

/** Levels of objects and arrays that are divided: lists of hundreds of entries are no deeper. */
const DEPTH = 2;

/**
 * @param value of plain objects and arrays
 * @param write default: `JSON.stringify`
 * @returns its JSON in small parts, each of which is made when it is read
 */
export function* jsonParts(value: unknown, write: Write = (each) => JSON.stringify(each)): Generator<string> {
  yield* partsOf(value, write, DEPTH, []);
}

function* partsOf(value: unknown, write: Write, depth: number, path: readonly string[]): Generator<string> {
  if (depth === 0 || !isDivisible(value)) {
    yield write(value, path) ?? 'null';
    return;
  }
  const isArray = Array.isArray(value);
  let before = isArray ? '[' : '{';
  for (const [name, each] of Object.entries(value)) {
    if (isArray) {
      yield before;
      yield* partsOf(each, write, depth - 1, path);
    } else {
      if (each === undefined) continue;
      yield `${before}${JSON.stringify(name)}:`;
      yield* partsOf(each, write, depth - 1, [...path, name]);
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
