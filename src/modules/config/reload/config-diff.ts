import type { GatewayConfig, RouteConfig } from '../gateway-config.js';
import { isSameConfig } from '../same-config.js';

export interface Changes {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** What a reload changes, by ids and names of sections; never a value, which can be a secret. */
export interface ConfigDiff {
  readonly upstreams: Changes;
  readonly routes: Changes;
  /** Other sections that change, and `routes (order)`: between routes of the same path, the order can decide. */
  readonly sections: readonly string[];
}

/** @param next what is as before are the same objects as before */
export function diffConfigs(before: GatewayConfig, next: GatewayConfig): ConfigDiff {
  const { upstreams: _upstreams, routes: _routes, ...sections } = next;
  const changed = Object.entries(sections)
    .filter(([key, section]) => before[key as keyof GatewayConfig] !== section)
    .map(([key]) => key);
  return {
    upstreams: changes(new Map(Object.entries(before.upstreams)), new Map(Object.entries(next.upstreams))),
    routes: changes(byId(before.routes), byId(next.routes)),
    sections: isReordered(before.routes, next.routes) ? [...changed, 'routes (order)'] : changed,
  };
}

/** Whether routes that are in both have another order. */
function isReordered(before: readonly RouteConfig[], next: readonly RouteConfig[]): boolean {
  if (before === next) return false;
  const [known, kept] = [byId(before), byId(next)];
  const ids = [...known.keys()].filter((id) => kept.has(id));
  return [...kept.keys()].filter((id) => known.has(id)).some((id, i) => id !== ids[i]);
}

function changes(before: ReadonlyMap<string, object>, next: ReadonlyMap<string, object>): Changes {
  return {
    added: [...next.keys()].filter((id) => !before.has(id)),
    changed: [...next].filter(([id, each]) => before.has(id) && before.get(id) !== each).map(([id]) => id),
    removed: [...before.keys()].filter((id) => !next.has(id)),
  };
}

function byId(routes: readonly RouteConfig[]): ReadonlyMap<string, RouteConfig> {
  return new Map(routes.map((route) => [route.id, route]));
}

/**
 * Settings that are used when the process starts, as paths in the file. What is only in one of the two configurations on
 * the way there, such as `server.tls`, is kept as a whole.
 */
const FIXED = [
  ['server', 'host'],
  ['server', 'port'],
  ['server', 'workers'],
  ['server', 'tls', 'handshakeTimeout'],
  ['server', 'tls', 'redirect', 'port'],
  ['management', 'host'],
  ['management', 'port'],
] as const;

/** Sections of the same kind. */
const FIXED_SECTIONS = ['redis', 'state'] as const;

/**
 * Keeps the values of settings that only a restart can change.
 *
 * @returns what can be put in force, and the settings whose new values wait for a restart
 */
export function keepFixed(next: GatewayConfig, running: GatewayConfig) {
  const waiting = new Set<string>();
  let kept: Mapping = { ...next };
  for (const path of FIXED)
    kept = keepAt(kept, { ...running }, path, (steps) => waiting.add(steps.join('.')));
  for (const section of FIXED_SECTIONS) {
    if (isSameConfig(next[section], running[section])) continue;
    waiting.add(section);
    kept = { ...kept, [section]: running[section] };
  }
  for (const section of ['server', 'management'] as const) {
    if (isSameConfig(kept[section], running[section])) kept = { ...kept, [section]: running[section] };
  }
  // The same sections as before, with values of the same types.
  return { config: Object.freeze(kept) as unknown as GatewayConfig, waiting: [...waiting] };
}

type Mapping = Readonly<Record<string, unknown>>;

/** @param onKept told of the path of a value that differs */
function keepAt(
  next: Mapping,
  running: Mapping,
  [key = '', ...rest]: readonly string[],
  onKept: (path: readonly string[]) => void,
): Mapping {
  const [value, before] = [next[key], running[key]];
  if (value === before) return next;
  let kept = before;
  if (rest.length > 0 && isMapping(value) && isMapping(before)) {
    kept = keepAt(value, before, rest, (path) => onKept([key, ...path]));
    if (kept === value) return next;
  } else onKept([key]);
  return Object.freeze({ ...next, [key]: kept });
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null;
}
