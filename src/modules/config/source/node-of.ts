import { mappingOf, type SourceNode } from './source-node.js';

/**
 * Builds the tree of data that no file contains, such as options in code, so that its problems read like those of a file.
 * Text is taken as it is: a `${` in it is no reference.
 *
 * @returns a tree whose positions only keep the order of the data
 */
export function nodeOf(data: unknown): SourceNode {
  let count = 0;
  const build = (value: unknown, path: SourceNode['path']): SourceNode => {
    const at = { line: 1, column: ++count };
    if (typeof value !== 'object' || value === null) return { path, at, value };
    if (Array.isArray(value)) {
      const items = value.map((item: unknown, index) => build(item ?? null, [...path, index]));
      return { path, at, value: items.map((item) => item.value), children: new Map(items.entries()) };
    }
    // A key whose value is undefined is the same as no key.
    const written = Object.entries(value).filter(([, child]) => child !== undefined);
    const children = new Map(written.map(([key, child]) => [key, build(child, [...path, key])]));
    return mappingOf({ path, at }, children);
  };
  return build(data, []);
}
