import type { IncomingHttpHeaders } from 'node:http';
import { ProblemError } from '../../common/errors/problem.js';
import { formatDuration, formatSize } from '../../common/units.js';
import type { GatewayConfig, RouteConfig, UpstreamConfig } from '../config/gateway-config.js';
import { HEALTH_PAGES } from '../config/health-pages.js';
import { sidesOf } from '../config/schema/gateway.js';
import type { CodeRoute } from './code-route.js';
import { corsOf } from './exchange.js';
import { inspect } from './exchange.middleware.js';
import { explainCode, explainOptions, explainPreflight } from './explain-options.js';
import type { GatherPart } from './gather-parts.js';
import { type MatchInput, type MatchResult, RouteTable } from './route-table.js';
import type { RouteModel } from './route.model.js';

export interface ExplainedRequest {
  readonly method: string;
  /** Path and query, or a URL. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

/** A stage of the gateway, and a sentence on what it would do with the request. */
export type Explanation = readonly [stage: string, text: string];

/** The handler of code that takes a request. */
interface ExplainedHandler {
  readonly entry: { readonly handler: string; readonly method: string; readonly path: string };
  readonly versions: readonly string[];
  /** What `@GatewayRoute()` says; `undefined` without it. */
  readonly route: CodeRoute | undefined;
}

/** What only a running gateway has. */
interface Running {
  readonly table: RouteTable;
  /** Finds the handlers of code that may take a request, one for each version. */
  readonly handlersOf: (input: MatchInput) => readonly ExplainedHandler[];
}

/**
 * @param running missing for a gateway that does not run, whose handlers of code are not known
 * @returns what each stage would do with a request that is not sent, in their order
 */
export function explain(
  config: GatewayConfig,
  request: ExplainedRequest,
  { table, handlersOf }: Running = { table: new RouteTable(config.routes), handlersOf: () => [] },
): Explanation[] {
  try {
    const { method, target: url, headers } = request;
    if (method === 'TRACE' || method === 'CONNECT')
      return [['request', `${method} is never forwarded: 405 method_not_allowed.`]];
    const rawHeaders = Object.entries({ host: 'localhost', ...headers })
      .flat()
      .map(String);
    const head = inspect(
      { method, url, httpVersion: '1.1', headers, rawHeaders },
      { config },
      table,
      (input) => handlersOf(input)[0]?.route?.config,
    );
    const { match, host, path } = head;
    if (head.isPreflight) return explainPreflight(corsOf(head, config.server.cors));
    if (HEALTH_PAGES.has(path) && (method === 'GET' || method === 'HEAD'))
      return [['route', `The gateway itself answers ${path}.`]];
    const handlers = handlersOf({ method, host, path, headers });
    if (handlers.length > 0) return explainHandlers(config, handlers, method, match);
    if (match.kind === 'none') return [['route', 'No route takes it: 404 no_route.']];
    if (match.kind === 'method-not-allowed')
      return [['route', `The path takes ${match.allow.join(', ')} only: 405 method_not_allowed.`]];
    return explainRoute(config, match.route, method, head);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return [['request', `${error.options.detail ?? error.message}: ${error.status} ${error.code}.`]];
  }
}

function explainRoute(
  gateway: GatewayConfig,
  model: RouteModel,
  method: string,
  { path, query }: { readonly path: string; readonly query: string },
): Explanation[] {
  const { config: route, rewrite } = model;
  const sent = (rewrite ? rewrite(path) : path) + query;
  const first: Explanation[] = [
    ['route', `${route.id} matches it with ${route.match.path}.`],
    ...explainOptions(gateway, route, method),
  ];
  if (route.maintenance) return first;
  const lines: (Explanation | undefined)[] = [
    ...first,
    route.mirror && ['mirror', `${percent(route.mirror.percent)} are copied to ${route.mirror.upstream}.`],
    route.split && [
      'split',
      route.split.map((side) => `${side.upstream} (weight ${side.weight})`).join(', '),
    ],
    ...(model.gather?.map((part): Explanation => ['part', partOf(part, path)]) ?? [
      [
        'sent',
        `${method} ${sent}, with \`Host\` ${hostOf(route)}, at most ${formatSize(route.maxBodyBytes)} of body.`,
      ] satisfies Explanation,
    ]),
    ...sidesOf(route).flatMap((id) => {
      const upstream = gateway.upstreams[id];
      return upstream ? explainUpstream(id, upstream, route) : [];
    }),
  ];
  return lines.filter((line) => line !== undefined);
}

function explainHandlers(
  gateway: GatewayConfig,
  handlers: readonly ExplainedHandler[],
  asked: string,
  match: MatchResult,
): Explanation[] {
  const lines = handlers.flatMap(({ entry: { handler, method, path }, route, versions }): Explanation[] => {
    const names = versions.map((version) => version || 'neutral').join(', ') || 'by default';
    const version = handlers.length > 1 ? `, version ${names}` : '';
    return [
      ['handler', `${handler} takes it with ${method} ${path}${version}.`],
      ...explainCode(gateway, route?.config, asked),
    ];
  });
  if (match.kind !== 'route') return lines;
  return [...lines, ['route', `${match.route.config.id} gets what no handler answers.`]];
}

function explainUpstream(
  id: string,
  upstream: UpstreamConfig,
  route: RouteConfig,
): (Explanation | undefined)[] {
  const { bulkhead, breaker, retry, fallback, targets, balancer } = upstream;
  const urls = targets.map(({ url }) => url).join(', ');
  const timeout = formatDuration(route.timeout ?? upstream.timeout);
  const threshold = `${percent(breaker.errorRate)} of at least ${breaker.minRequests} calls in ${formatDuration(breaker.window)} fail`;
  return [
    ['upstream', targets.length > 1 ? `${id}: ${urls}, chosen by ${balancer}.` : `${id}: ${urls}.`],
    ['bulkhead', `${bulkhead.concurrent} calls at a time, ${bulkhead.queue} more wait.`],
    ['deadline', `Response headers within ${timeout}, retries included.`],
    [
      'breaker',
      `Opens for ${formatDuration(breaker.openFor)} when ${threshold}, or ${breaker.consecutiveFailures} in a row.${breaker.mode === 'shadow' ? ' It only reports (`mode: shadow`).' : ''}`,
    ],
    [
      'retries',
      retry.attempts === 0
        ? 'None.'
        : `At most ${retry.attempts} after the first try, on ${retry.on.join(', ')}, within a budget of ${percent(retry.budget)}.`,
    ],
    fallback && ['fallback', fallbackOf(fallback)],
  ];
}

function partOf({ name, upstream, target, fallback }: GatherPart, path: string): string {
  const instead =
    fallback === undefined ? 'The whole answer fails with it.' : 'Its fallback can stand for it.';
  return `${name}: GET ${target(path)} of ${upstream}. ${instead}`;
}

function hostOf({ rewrite }: RouteConfig): string {
  const { host = 'upstream' } = rewrite ?? {};
  if (host === 'upstream') return 'of the upstream';
  return host === 'preserve' ? 'as the client sent it' : host;
}

function fallbackOf({ stale, upstream, plugin, response }: NonNullable<UpstreamConfig['fallback']>): string {
  const steps = [
    stale && 'a stale copy',
    upstream && `the upstream ${upstream}`,
    plugin && `the answer of the plugin ${plugin}`,
    response && `a fixed response with status ${response.status}`,
  ];
  return `Instead of a failure: ${steps.filter(Boolean).join(', else ')}.`;
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(2))}%`;
}
