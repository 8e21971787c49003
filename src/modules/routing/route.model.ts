import { compileHeaderRules, type HeaderRules } from '../../common/http/header-rules.js';
import type {
  FaultConfig,
  MirrorConfig,
  RouteAuthConfig,
  RouteCacheConfig,
  RouteConfig,
} from '../config/gateway-config.js';
import { compileRewrite, type Rewrite } from './rewrite.js';
import { Split } from './split.js';

/** A route compiled from its config: frozen, replaced whole on reload. */
export interface RouteModel {
  readonly id: string;
  /** Of a split route, its first side. */
  readonly upstream: string;
  readonly split: Split | undefined;
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
  readonly mirror: MirrorConfig | undefined;
  readonly fault: FaultConfig | undefined;
  readonly rewrite: Rewrite | undefined;
  /** What becomes of the head that the upstream gets. */
  readonly requestHeaders: HeaderRules | undefined;
  /** What becomes of the head that the client gets. */
  readonly responseHeaders: HeaderRules | undefined;
}

export function compileRoute(config: RouteConfig, maxBodyBytes: number): RouteModel {
  const methods = new Set(config.match.methods);
  // RFC 9110 section 9.3.2: what answers GET answers HEAD.
  if (methods.has('GET')) methods.add('HEAD');
  return Object.freeze({
    id: config.id,
    upstream: config.upstream,
    split: config.split && new Split(config.split),
    auth: config.auth,
    cache: config.cache,
    timeout: config.timeout,
    maxBodyBytes: config.maxBodyBytes ?? maxBodyBytes,
    websocket: config.websocket,
    methods,
    headers: Object.entries(config.match.headers),
    mirror: config.mirror,
    fault: config.fault,
    rewrite: config.rewrite && compileRewrite(config.match.path, config.rewrite),
    requestHeaders: config.headers && compileHeaderRules(config.headers.request),
    responseHeaders: config.headers && compileHeaderRules(config.headers.response),
  });
}
