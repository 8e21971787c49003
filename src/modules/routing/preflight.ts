import type { CorsConfig } from '../config/gateway-config.js';
import { corsOf, type ExchangeHead } from './exchange.js';
import type { MatchInput, RouteTable } from './route-table.js';

/**
 * A CORS preflight asks about the request that follows it (Fetch standard section 4.8), so it belongs to the route of that
 * one. It names the headers of that request, without their values.
 *
 * @param input of an OPTIONS request
 * @param codeOf what a handler of code that takes a request says
 * @returns what to match instead; `undefined` when the request is no preflight, or CORS is up to the upstream of that route
 */
export function preflightInput(
  table: RouteTable,
  input: MatchInput,
  serverCors: CorsConfig,
  codeOf?: (input: MatchInput) => ExchangeHead['code'],
): MatchInput | undefined {
  const method = input.headers['access-control-request-method'];
  if (method === undefined) return undefined;
  const names = input.headers['access-control-request-headers']?.toLowerCase().split(/[ \t]*,[ \t]*/);
  const asked = { ...input, method, announced: new Set(names) };
  const taker = { match: table.match(asked), code: codeOf?.(asked) };
  return corsOf(taker, serverCors).origins.length > 0 ? asked : undefined;
}
