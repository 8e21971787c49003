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

/** Paths of settings that are used when the process starts. */
const FIXED: readonly (readonly [section: keyof GatewayConfig, ...keys: string[]])[] = [
  ['server', 'host'],
  ['server', 'port'],
  ['server', 'workers'],
  ['server', 'tls', 'handshakeTimeout'],
  ['server', 'tls', 'redirect', 'port'],
  ['management', 'host'],
  ['management', 'port'],
  ['redis'],
  ['state'],
];

/**
 * Keeps the values of settings that only a restart can change. A section that is then as before is the same object.
 *
 * @returns what can be put in force, and the settings whose new values wait for a restart
 */
export function keepFixed(next: GatewayConfig, running: GatewayConfig) {
  const waiting = new Set<string>();
  const config = { ...next };
  for (const path of FIXED) {
    const keep = (value: unknown, before: unknown, depth: number): unknown => {
      const key = path[depth];
      if (key !== undefined && isMapping(value) && isMapping(before)) {
        const kept = Object.freeze({ ...value, [key]: keep(value[key], before[key], depth + 1) });
        return isSameConfig(kept, before) ? before : kept;
      }
      // Also what is only in one of the two configurations, such as `server.tls`.
      if (!isSameConfig(value, before)) waiting.add(path.slice(0, depth).join('.'));
      return before;
    };
    const [section] = path;
    Object.assign(config, { [section]: keep(config[section], running[section], 1) });
  }
  return { config: Object.freeze(config), waiting: [...waiting] };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
