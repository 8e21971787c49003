import { formatDuration } from '../../common/units/duration.js';
import type { ConfigPath } from './config-path.js';
import type { GatewayConfig } from './gateway-config.js';
import type { UpstreamConfig } from './upstream-config.js';
import type { LintWarning } from './lint-warning.js';

/** What a second try could do twice. */
const NOT_IDEMPOTENT: ReadonlySet<string> = new Set(['POST', 'PATCH']);

/** Finds contradictions between what bounds the calls to an upstream and what repeats them. */
export function lintContainment(
  config: GatewayConfig,
  isWritten: (path: ConfigPath) => boolean,
): LintWarning[] {
  return [
    ...Object.entries(config.upstreams).flatMap(([id, upstream]) => [
      ...lintPool(['upstreams', id], upstream, isWritten),
      ...lintHedge(['upstreams', id], upstream),
    ]),
    ...lintRetries(config, isWritten),
    ...lintStale(config, isWritten),
  ];
}

function lintPool(
  path: ConfigPath,
  { pool, bulkhead, targets }: UpstreamConfig,
  isWritten: (path: ConfigPath) => boolean,
): LintWarning[] {
  const connections = [...path, 'pool', 'connections'];
  // Each target has a pool of its own.
  const all = pool.connections * targets.length;
  if (all >= bulkhead.concurrent || !isWritten(connections)) return [];
  const message = `pool.connections (${all} in all) is below bulkhead.concurrent (${bulkhead.concurrent}): the rest hold a place and wait`;
  return [{ path: connections, message }];
}

function lintHedge(path: ConfigPath, { hedge, targets, timeout }: UpstreamConfig): LintWarning[] {
  if (!hedge) return [];
  if (targets.length === 1) {
    return [{ path: [...path, 'hedge'], message: 'there is no second target to ask' }];
  }
  if (hedge.after === 'p95' || hedge.after < timeout) return [];
  const message = `hedge.after (${formatDuration(hedge.after)}) is not below timeout (${formatDuration(timeout)}): it never comes`;
  return [{ path: [...path, 'hedge', 'after'], message }];
}

/** Stale answers that nothing is kept for. As a default they are meant for whoever has a cache. */
function lintStale(
  { routes, upstreams }: GatewayConfig,
  isWritten: (path: ConfigPath) => boolean,
): LintWarning[] {
  const servesStale = (id: string) =>
    routes.some(
      ({ upstream, split = [{ upstream, weight: 1 }], cache }) =>
        cache !== undefined && cache.staleIfError > 0 && split.some((side) => side.upstream === id),
    );
  const idle = Object.keys(upstreams).filter((id) => upstreams[id]?.fallback?.stale && !servesStale(id));
  const byDefault = ['defaults', 'fallback', 'stale'];
  if (isWritten(byDefault)) {
    const message = 'no route with a `cache` keeps anything for it';
    return idle.length === Object.keys(upstreams).length && idle.length > 0
      ? [{ path: byDefault, message }]
      : [];
  }
  return idle.map((id) => ({
    path: ['upstreams', id, 'fallback', 'stale'],
    message: 'none of its routes has a `cache` that keeps anything for it',
  }));
}

/** Retries that somebody asked for, on routes where next to nothing may be repeated. */
function lintRetries(
  { routes, upstreams }: GatewayConfig,
  isWritten: (path: ConfigPath) => boolean,
): LintWarning[] {
  return Object.entries(upstreams).flatMap(([id, { retry }]) => {
    const path = ['upstreams', id, 'retry', 'attempts'];
    if (retry.attempts === 0 || !isWritten(path)) return [];
    const methods = routes.filter(({ upstream }) => upstream === id).map(({ match }) => match.methods);
    const isFutile =
      methods.length > 0 &&
      methods.every((each) => each.length > 0 && each.every((method) => NOT_IDEMPOTENT.has(method)));
    const message =
      'its routes take only POST and PATCH, which are repeated with an Idempotency-Key or when they were never sent';
    return isFutile ? [{ path, message }] : [];
  });
}
