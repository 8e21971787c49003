/**
 * Every error that the gateway answers with: its stable `code`, status and title. The place that throws it adds
 * `detail`, which never contains an internal address, a token or a stack.
 */
export const PROBLEMS = {
  malformed_request: { status: 400, title: 'The request is malformed' },
  malformed_path: { status: 400, title: 'The request path is malformed' },
  malformed_host: { status: 400, title: 'The request host is missing or malformed' },
  admin_request_invalid: { status: 400, title: 'The request to the admin API is not valid' },
  token_missing: { status: 401, title: 'A bearer token is required' },
  token_invalid: { status: 401, title: 'The bearer token is not valid' },
  api_key_missing: { status: 401, title: 'An API key is required' },
  api_key_invalid: { status: 401, title: 'The API key is not valid' },
  admin_token_required: { status: 401, title: 'The management token is required' },
  insufficient_scope: { status: 403, title: 'The token lacks a required scope' },
  insufficient_claims: { status: 403, title: 'The token lacks a required claim' },
  admin_header_required: { status: 403, title: 'A change needs the header X-Breakwater-Action' },
  address_denied: { status: 403, title: 'Requests from this address are not allowed' },
  origin_not_allowed: { status: 403, title: 'Pages of this origin are not allowed to open a WebSocket' },
  no_route: { status: 404, title: 'No route matches the request' },
  unknown_name: { status: 404, title: 'There is nothing of this name' },
  method_not_allowed: { status: 405, title: 'The route does not accept this method' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  action_refused: { status: 409, title: 'The action would have no effect' },
  body_too_large: { status: 413, title: 'The request body is too large' },
  query_too_large: { status: 414, title: 'The query of the request is too long' },
  content_type_not_allowed: { status: 415, title: 'The route does not accept this content type' },
  expectation_failed: { status: 417, title: 'The expectation is not supported' },
  config_invalid: {
    status: 422,
    title: 'The configuration cannot be used, and the one before stays in force',
  },
  websocket_version: { status: 426, title: 'The WebSocket version is not 13' },
  admin_attempts_exceeded: { status: 429, title: 'Too many wrong management tokens' },
  rate_limited: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The request headers are too large or too many' },
  internal_error: { status: 500, title: 'The gateway failed' },
  upstream_unreachable: { status: 502, title: 'The upstream cannot be reached' },
  upstream_reset: { status: 502, title: 'The upstream closed the connection before it answered' },
  upstream_headers_too_large: {
    status: 502,
    title: 'The upstream answered with too many or too large headers',
  },
  upstream_malformed: { status: 502, title: 'The upstream answered with malformed HTTP' },
  keys_unavailable: { status: 503, title: 'The keys of the token issuer are not available' },
  introspection_unavailable: {
    status: 503,
    title: 'The introspection endpoint of the token issuer is not available',
  },
  revocation_not_shared: {
    status: 503,
    title: 'Only this gateway refuses the token, because Redis is not available',
  },
  maintenance: { status: 503, title: 'The service is down for maintenance' },
  bulkhead_full: { status: 503, title: 'Too many requests are waiting for the upstream' },
  breaker_open: { status: 503, title: 'The circuit breaker of the upstream is open' },
  too_many_readers: { status: 503, title: 'The event stream has too many readers, or the gateway stops' },
  fault_injected: { status: 503, title: 'A configured fault was injected' },
  not_cached: { status: 504, title: 'No stored response can be used, and the request accepts no other' },
  upstream_timeout: { status: 504, title: 'The upstream did not answer in time' },
  loop_detected: { status: 508, title: 'The request has already passed through this gateway' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;
