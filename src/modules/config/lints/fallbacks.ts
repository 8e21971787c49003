import { formatDuration } from '../../../common/units/duration.js';
import type { GatewayConfig, UpstreamConfig } from '../gateway-config.js';
import { sidesOf } from './leads-to.js';
import type { LintWarning } from './warning.js';
import type { Written } from './written.js';

/** Finds fallbacks that have nothing to give, or no time to give it in. */
export function lintFallbacks(config: GatewayConfig, written: Written): LintWarning[] {
  return [...lintStale(config, written), ...Object.entries(config.upstreams).flatMap(lintTime)];
}

/** Stale answers that nothing is kept for. As a default they are meant for whoever has a cache. */
function lintStale({ routes, upstreams }: GatewayConfig, written: Written): LintWarning[] {
  const servesStale = (id: string) =>
    routes.some((route) => (route.cache?.staleIfError ?? 0) > 0 && sidesOf(route).includes(id));
  const idle = Object.keys(upstreams).filter((id) => upstreams[id]?.fallback?.stale && !servesStale(id));
  const byDefault = ['defaults', 'fallback', 'stale'];
  if (written.has(byDefault)) {
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

/** A fallback upstream has what is left of the deadline, and a request that timed out has nothing left. */
function lintTime([id, { fallback, retry, timeout }]: [id: string, UpstreamConfig]): LintWarning[] {
  if (fallback?.upstream === undefined) return [];
  const path = ['upstreams', id, 'fallback', 'upstream'];
  const { attempts, perTryTimeout } = retry;
  if (perTryTimeout === undefined) {
    const message = 'without `retry.perTryTimeout` it is no help with timeouts: no time is left to ask it';
    return [{ path, message }];
  }
  if (perTryTimeout * (attempts + 1) < timeout) return [];
  const message = `retry.perTryTimeout (${formatDuration(perTryTimeout)}) for ${attempts + 1} tries takes all of timeout (${formatDuration(timeout)}): no time is left to ask it`;
  return [{ path, message }];
}
