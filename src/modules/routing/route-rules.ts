import type { IncomingMessage } from 'node:http';
import type { Outcome } from '../../common/errors/outcomes.js';
import { ProblemError } from '../../common/errors/problem.js';
import { compileAccess } from '../../common/http/access.js';
import { contentTypeMatcher } from '../../common/http/content-type.js';
import type {
  AccessConfig,
  MaintenanceConfig,
  RouteConfig,
  RouteLimitsConfig,
} from '../config/gateway-config.js';

/** The part of an exchange that rules are about. */
interface RuledExchange {
  readonly req: IncomingMessage;
  readonly head: {
    readonly clientIp: string;
    /** With its `?`, or an empty string. */
    readonly query: string;
    readonly hasBody: boolean;
  };
  outcome: Outcome | undefined;
}

/** @throws ProblemError when the request is refused */
export type RouteRule = (exchange: RuledExchange) => void;

/** @returns the rules of a route that come before authentication, in this order; `undefined` without any */
export function compileRules({
  access,
  maintenance,
  limits,
}: Pick<RouteConfig, 'access' | 'maintenance' | 'limits'>): RouteRule | undefined {
  const rules = [
    access && accessRule(access),
    maintenance && maintenanceRule(maintenance),
    ...(limits ? limitRules(limits) : []),
  ].filter((rule) => rule !== undefined);
  if (rules.length <= 1) return rules[0];
  return (exchange) => {
    for (const rule of rules) rule(exchange);
  };
}

function accessRule(access: AccessConfig): RouteRule | undefined {
  const isAdmitted = compileAccess(access);
  return (
    isAdmitted &&
    (({ head }) => {
      if (!isAdmitted(head.clientIp)) throw new ProblemError('address_denied');
    })
  );
}

function maintenanceRule({ retryAfter, message }: MaintenanceConfig): RouteRule {
  const headers = { 'Retry-After': String(Math.ceil(retryAfter / 1000)) };
  return (exchange) => {
    exchange.outcome ??= 'maintenance';
    throw new ProblemError('maintenance', { detail: message, headers });
  };
}

function limitRules(limits: RouteLimitsConfig): readonly (RouteRule | undefined)[] {
  const { maxHeaderBytes, maxQueryBytes, maxQueryParameters, contentTypes } = limits;
  return [
    maxHeaderBytes === undefined ? undefined : headerRule(maxHeaderBytes),
    maxQueryBytes === undefined ? undefined : queryRule(maxQueryBytes),
    maxQueryParameters === undefined ? undefined : parameterRule(maxQueryParameters),
    contentTypes && contentTypeRule(contentTypes),
  ];
}

/** Counts as Node does for `server.maxHeaderBytes`: the target, and names and values without what separates them. */
function headerRule(max: number): RouteRule {
  return ({ req: { url = '', rawHeaders } }) => {
    let bytes = url.length;
    for (const part of rawHeaders) bytes += part.length;
    if (bytes > max) throw new ProblemError('headers_too_large');
  };
}

function queryRule(max: number): RouteRule {
  return ({ head: { query } }) => {
    if (query.length - 1 > max) tooLarge(`The query is longer than ${max} bytes`);
  };
}

function parameterRule(max: number): RouteRule {
  return ({ head: { query } }) => {
    let count = query.length > 1 ? 1 : 0;
    for (let at = query.indexOf('&'); at !== -1; at = query.indexOf('&', at + 1)) count++;
    if (count > max) tooLarge(`The query has more than ${max} parameters`);
  };
}

function tooLarge(detail: string): never {
  throw new ProblemError('query_too_large', { detail });
}

/** Every line counts, since upstreams differ in which of several they take. */
function contentTypeRule(contentTypes: readonly string[]): RouteRule {
  const isAccepted = contentTypeMatcher(contentTypes);
  // RFC 9110 section 12.5.1: in a response, it tells what a next request can have.
  const headers = { Accept: contentTypes.join(', ') };
  return ({ req, head }) => {
    if (!head.hasBody) return;
    const [type, ...others] = req.headersDistinct['content-type'] ?? [];
    if (type === undefined || others.length > 0 || !isAccepted(type)) {
      throw new ProblemError('content_type_not_allowed', { headers });
    }
  };
}
