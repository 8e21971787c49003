import { formatDuration as format } from '../../../common/units.js';
import { capacityOf } from '../capacity.js';
import type { RetryConfig, RouteConfig, UpstreamConfig } from '../gateway-config.js';
import { sidesOf } from '../schema/gateway.js';

export interface UpstreamLint {
  /** The warning is at the first of them that the user wrote. Defaults alone are nobody's mistake. */
  readonly keys: readonly string[];
  /** The keys have no effect. In `defaults` they can be meant for some upstreams only. */
  readonly isUnused?: true;
  /** The lint concerns `timeout`, so it is checked with the timeouts of routes as well. */
  readonly isAboutTimeout?: true;
  /**
   * @param routes those whose requests can reach the upstream, also as a copy or by a fallback
   * @returns the message of the warning, or a falsy value when all is well
   */
  readonly check: (
    upstream: UpstreamConfig,
    routes: readonly RouteConfig[],
    id: string,
  ) => string | false | undefined;
}

export const UPSTREAM_LINTS: Readonly<Record<string, UpstreamLint>> = {
  'retries-exceed-timeout': {
    keys: ['retry.perTryTimeout'],
    isAboutTimeout: true,
    check: ({ retry, timeout }) =>
      retry.perTryTimeout !== undefined &&
      durationOf(retry) > timeout &&
      `retry.perTryTimeout (${format(retry.perTryTimeout)}) for ${retry.attempts + 1} tries exceeds timeout (${format(timeout)}), so the last tries are cut short`,
  },
  'window-below-timeout': {
    keys: ['breaker.window', 'timeout'],
    isAboutTimeout: true,
    check: ({ breaker: { window }, timeout }) =>
      window < timeout &&
      `breaker.window (${format(window)}) is below timeout (${format(timeout)}), so requests that time out are forgotten as soon as they fail`,
  },
  'open-above-maximum': {
    keys: ['breaker.openFor', 'breaker.maxOpenFor'],
    check: ({ breaker: { openFor, maxOpenFor } }) =>
      openFor > maxOpenFor &&
      `breaker.openFor (${format(openFor)}) is above breaker.maxOpenFor (${format(maxOpenFor)}), so it is never reached`,
  },
  'pool-below-bulkhead': {
    keys: ['pool.connections'],
    check: (upstream) => {
      const { connections } = capacityOf(upstream);
      const { concurrent } = upstream.bulkhead;
      return (
        connections < concurrent &&
        `pool.connections (${connections} in all) is below bulkhead.concurrent (${concurrent}), so it is the limit of calls at a time`
      );
    },
  },
  'retries-not-idempotent': {
    keys: ['retry.attempts'],
    check: ({ retry }, routes) =>
      retry.attempts > 0 &&
      routes.length > 0 &&
      routes.every(
        ({ match: { methods } }) =>
          methods.length > 0 && methods.every((method) => NOT_IDEMPOTENT.has(method)),
      ) &&
      'the routes of this upstream only take POST and PATCH, which are retried only with an Idempotency-Key or if they were never sent',
  },
  'health-timeout-above-interval': {
    keys: ['health.timeout', 'health.interval'],
    check: ({ health }) =>
      health &&
      health.timeout >= health.interval &&
      `health.timeout (${format(health.timeout)}) is not below health.interval (${format(health.interval)}), so a probe is still running when the next is due`,
  },
  'stale-without-cache': {
    keys: ['fallback.stale'],
    isUnused: true,
    check: ({ fallback }, routes, id) =>
      fallback?.stale &&
      !routes.some((route) => route.cache && route.cache.staleIfError > 0 && sidesOf(route).includes(id)) &&
      'no route of this upstream has a `cache` that stores responses for it',
  },
  'fallback-without-time': {
    keys: ['fallback.upstream'],
    check: ({ fallback, retry, timeout }) =>
      fallback?.upstream !== undefined &&
      durationOf(retry) >= timeout &&
      'a request that times out leaves no time for the fallback upstream, unless all tries of `retry.perTryTimeout` end before `timeout`',
  },
  'hash-without-balancer': {
    keys: ['hashOn'],
    isUnused: true,
    check: ({ balancer }) => balancer !== 'consistent-hash' && 'only `balancer: consistent-hash` uses it',
  },
  'tls-without-https': {
    keys: ['tls'],
    isUnused: true,
    check: ({ targets }) =>
      !targets.some(({ url }) => url.startsWith('https:')) && 'no target of this upstream is https',
  },
  'unverified-tls': {
    keys: ['tls.insecureSkipVerify'],
    check: ({ tls }) =>
      tls?.insecureSkipVerify &&
      'certificates are not verified, so anyone between the gateway and the upstream can read and change everything',
  },
};

const NOT_IDEMPOTENT: ReadonlySet<string> = new Set(['POST', 'PATCH']);

/** @returns milliseconds that all tries together can take; without a limit, a single try can take any time */
function durationOf({ attempts, perTryTimeout = Number.POSITIVE_INFINITY }: RetryConfig): number {
  return perTryTimeout * (attempts + 1);
}
