import type { RouteAuthConfig, RouteCacheConfig, RouteConfig } from '../config/gateway-config.js';

/** A route compiled from its config: frozen, replaced whole on reload. */
export interface RouteModel {
  readonly id: string;
  readonly upstream: string;
  /** `undefined`: the secure default applies. */
  readonly auth: 'none' | RouteAuthConfig | undefined;
  readonly cache: RouteCacheConfig | undefined;
  /** Milliseconds until response headers; `undefined`: the upstream's. */
  readonly timeout: number | undefined;
  readonly maxBodyBytes: number;
  readonly websocket: RouteConfig['websocket'];
  readonly methods: ReadonlySet<string>;
  /** Required headers, lower-cased name and exact value. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export function compileRoute(config: RouteConfig, maxBodyBytes: number): RouteModel {
  const methods = new Set(config.match.methods);
  // RFC 9110 section 9.3.2: what answers GET answers HEAD.
  if (methods.has('GET')) methods.add('HEAD');
  return Object.freeze({
    id: config.id,
    upstream: config.upstream,
    auth: config.auth,
    cache: config.cache,
    timeout: config.timeout,
    maxBodyBytes: config.maxBodyBytes ?? maxBodyBytes,
    websocket: config.websocket,
    methods,
    headers: Object.entries(config.match.headers),
  });
}
