import { isMapping, type MappingNode, mappingOf, type SourceNode } from './source-node.js';

/**
 * Merges `defaults` into every upstream, key by nested key; the upstream's own values win. Merged values keep
 * their position, so that a problem points at the line that contains it.
 */
export function mergeDefaults(root: MappingNode): MappingNode {
  const defaults = root.children.get('defaults');
  const upstreams = root.children.get('upstreams');
  if (!isMapping(defaults) || !isMapping(upstreams)) return root;

  const merged = new Map(upstreams.children);
  for (const [id, own] of merged) {
    if (isMapping(own)) merged.set(id, mergeMappings(defaultsFor(id, defaults), own));
  }
  return mappingOf(root, new Map(root.children).set('upstreams', mappingOf(upstreams, merged)));
}

/** `url` and `targets` are not merged: the schema refuses them, and an upstream without its own must be reported. */
function defaultsFor(id: string, defaults: MappingNode): MappingNode {
  const shared = without(defaults, 'url', 'targets');
  const fallback = shared.children.get('fallback');
  if (!isMapping(fallback) || fallback.children.get('upstream')?.value !== id) return shared;
  // The upstream that is the default fallback of all others does not fall back to itself.
  const rest = without(fallback, 'upstream');
  if (rest.children.size === 0) return without(shared, 'fallback');
  return mappingOf(shared, new Map(shared.children).set('fallback', rest));
}

function without(node: MappingNode, ...keys: readonly string[]): MappingNode {
  return mappingOf(node, new Map([...node.children].filter(([key]) => !keys.includes(key))));
}

function mergeMappings(base: MappingNode, own: MappingNode): MappingNode {
  const merged = new Map(base.children);
  for (const [key, ownChild] of own.children) {
    const baseChild = merged.get(key);
    const isNested = isMapping(baseChild) && isMapping(ownChild) && !isBody(ownChild);
    merged.set(key, isNested ? mergeMappings(baseChild, ownChild) : ownChild);
  }
  return mappingOf(own, merged);
}

/** A response body is one value; a mixture of two bodies would be something that nobody wrote. */
function isBody(node: SourceNode): boolean {
  return node.path.slice(-3).join('.') === 'fallback.response.body';
}
