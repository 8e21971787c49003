import type { MappingNode, SourceNode } from './source-node.js';

/**
 * Merges `defaults` into every upstream, key by nested key; the upstream's own values win. Merged values keep
 * their position, so that a problem points at the line that contains it.
 */
export function mergeDefaults(root: SourceNode): SourceNode {
  if (root.kind !== 'mapping') return root;
  const defaults = root.entries.get('defaults');
  const upstreams = root.entries.get('upstreams');
  if (defaults?.kind !== 'mapping' || upstreams?.kind !== 'mapping') return root;

  const merged = new Map<string, SourceNode>();
  for (const [id, own] of upstreams.entries) {
    merged.set(id, own.kind === 'mapping' ? mergeMappings(defaultsFor(id, defaults), own) : own);
  }
  return { ...root, entries: new Map(root.entries).set('upstreams', { ...upstreams, entries: merged }) };
}

/** `url` and `targets` are not merged: the schema refuses them, and an upstream without its own must be reported. */
function defaultsFor(id: string, defaults: MappingNode): MappingNode {
  const entries = new Map(defaults.entries);
  entries.delete('url');
  entries.delete('targets');
  const fallback = entries.get('fallback');
  if (fallback?.kind === 'mapping' && isNamed(fallback.entries.get('upstream'), id)) {
    // The upstream that is the default fallback of all others does not fall back to itself.
    const rest = new Map(fallback.entries);
    rest.delete('upstream');
    if (rest.size > 0) entries.set('fallback', { ...fallback, entries: rest });
    else entries.delete('fallback');
  }
  return { ...defaults, entries };
}

function isNamed(node: SourceNode | undefined, id: string): boolean {
  return node?.kind === 'scalar' && node.value === id;
}

function mergeMappings(base: MappingNode, own: MappingNode): MappingNode {
  const entries = new Map(base.entries);
  for (const [key, ownChild] of own.entries) {
    const baseChild = entries.get(key);
    const nested = baseChild?.kind === 'mapping' && ownChild.kind === 'mapping' && !isBody(ownChild);
    entries.set(key, nested ? mergeMappings(baseChild, ownChild) : ownChild);
  }
  return { ...own, entries };
}

/** A response body is one value; a mixture of two bodies would be something that nobody wrote. */
function isBody(node: SourceNode): boolean {
  return node.path.slice(-3).join('.') === 'fallback.response.body';
}
