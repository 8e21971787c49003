import type { MappingNode, SourceNode } from './source-node.js';

/**
 * Puts `defaults` under every upstream, key by nested key; what the upstream writes itself wins.
 * The merged values keep their own place, so that a problem points at the line that holds it.
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

/** A default URL would send an upstream that forgot its own to a stranger. It is refused, and not merged. */
function defaultsFor(id: string, defaults: MappingNode): MappingNode {
  const entries = new Map(defaults.entries);
  entries.delete('url');
  entries.delete('targets');
  const fallback = entries.get('fallback');
  if (fallback?.kind === 'mapping' && isNamed(fallback.entries.get('upstream'), id)) {
    // The one that all others fall back to has nobody to fall back to by default.
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

/** A response body is one value; mixing two of them would send something that nobody wrote. */
function isBody(node: SourceNode): boolean {
  return node.path.slice(-3).join('.') === 'fallback.response.body';
}
