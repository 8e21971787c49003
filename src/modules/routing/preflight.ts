import type { CorsConfig } from '../config/gateway-config.js';
import { corsOf } from './exchange.js';
import type { MatchInput, RouteTable } from './route-table.js';

/**
 * A CORS preflight asks about the request that follows it (Fetch standard section 4.8), so it belongs to the route of that
 * one.
 *
 * @param input of an OPTIONS request
 * @returns what to match instead; `undefined` when the request is no preflight, or CORS is up to the upstream of that route
 */
export function preflightInput(
  table: RouteTable,
  input: MatchInput,
  serverCors: CorsConfig,
): MatchInput | undefined {
  const method = input.headers['access-control-request-method'];
  if (method === undefined) return undefined;
  const asked = { ...input, method };
  return corsOf(table.match(asked), serverCors).origins.length > 0 ? asked : undefined;
}
