import { compileHeaderRules, type HeaderRules } from '../../common/http/header-rules.js';
import type { PathSwap } from '../../common/http/public-address.js';
import type { RouteConfig } from '../config/gateway-config.js';
import { compileGather, type GatherPart } from './gather-parts.js';
import { compileRules, type RouteRule } from './route-rules.js';
import { compileRewrite, pathSwapOf, type Rewrite } from './rewrite.js';
import { compileSplit, type Split } from './split.js';

/** A route's config and what is compiled from it: frozen, replaced whole on reload. */
export interface RouteModel {
  readonly config: RouteConfig;
  /** Empty: every method. */
  readonly methods: ReadonlySet<string>;
  /** Required headers, lower-cased name and exact value. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** What a request must pass before authentication; `undefined` when that is nothing. */
  readonly rules: RouteRule | undefined;
  readonly split: Split | undefined;
  /** The calls that the answer is made of, in place of one that is forwarded. */
  readonly gather: readonly GatherPart[] | undefined;
  readonly rewrite: Rewrite | undefined;
  /** How to map paths back that the upstream names. */
  readonly pathSwap: PathSwap | undefined;
  /** Rules for the headers that the upstream gets. */
  readonly requestHeaders: HeaderRules | undefined;
  /** Rules for the headers that the client gets. */
  readonly responseHeaders: HeaderRules | undefined;
}

export function compileRoute(config: RouteConfig): RouteModel {
  const { match, split, gather, rewrite, headers } = config;
  const methods = new Set(match.methods);
  // RFC 9110 section 9.3.2: a resource that answers GET answers HEAD too.
  if (methods.has('GET')) methods.add('HEAD');
  return Object.freeze({
    config,
    methods,
    headers: Object.entries(match.headers),
    rules: compileRules(config),
    split: split && compileSplit(split),
    gather: gather && compileGather(match.path, gather),
    rewrite: rewrite && compileRewrite(match.path, rewrite),
    pathSwap: pathSwapOf(match.path, rewrite),
    requestHeaders: headers && compileHeaderRules(headers.request, match.path),
    responseHeaders: headers && compileHeaderRules(headers.response, match.path),
  });
}
