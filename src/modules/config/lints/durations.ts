import { formatDuration } from '../../../common/units/duration.js';
import type { GatewayConfig, UpstreamConfig } from '../gateway-config.js';
import { sidesOf } from './leads-to.js';
import type { LintWarning } from './warning.js';
import type { Written } from './written.js';

type Durations = Readonly<Record<keyof ReturnType<typeof durationsOf>, number | undefined>>;
type Key = keyof Durations;

interface Pair {
  readonly key: Key;
  readonly is: 'above' | 'below' | 'not above' | 'not below';
  readonly other: Key;
  readonly why: string;
  /** A default of `key` is nobody's mistake. */
  readonly ifWritten?: true;
}

/** Two durations of an upstream that make no sense together. */
const PAIRS: readonly Pair[] = [
  { key: 'connectTimeout', is: 'not below', other: 'timeout', why: 'it can never fire first' },
  {
    key: 'connectTimeout',
    is: 'not below',
    other: 'retry.perTryTimeout',
    why: 'it can never fire first',
    ifWritten: true,
  },
  {
    key: 'retry.backoff.base',
    is: 'above',
    other: 'retry.backoff.max',
    why: 'it is never reached',
    ifWritten: true,
  },
  {
    key: 'retry.backoff.base',
    is: 'not below',
    other: 'timeout',
    why: 'most retries would come too late',
    ifWritten: true,
  },
  { key: 'hedge.after', is: 'not below', other: 'timeout', why: 'it never comes' },
  { key: 'hedge.after', is: 'not below', other: 'retry.perTryTimeout', why: 'it never comes' },
  {
    key: 'breaker.window',
    is: 'below',
    other: 'timeout',
    why: 'requests that time out are forgotten as soon as they fail',
  },
  { key: 'breaker.openFor', is: 'above', other: 'breaker.maxOpenFor', why: 'it is never reached' },
  {
    key: 'health.timeout',
    is: 'not below',
    other: 'health.interval',
    why: 'a probe is still running when the next is due',
  },
  {
    key: 'health.unhealthyInterval',
    is: 'not above',
    other: 'health.timeout',
    why: 'a probe is still running when the next is due',
    ifWritten: true,
  },
  {
    key: 'health.unhealthyInterval',
    is: 'above',
    other: 'health.interval',
    why: 'an upstream that is back would be noticed later than one that fails',
    ifWritten: true,
  },
];

const HOLDS: Readonly<Record<Pair['is'], (left: number, right: number) => boolean>> = {
  above: (left, right) => left > right,
  below: (left, right) => left < right,
  'not above': (left, right) => left <= right,
  'not below': (left, right) => left >= right,
};

/** Finds durations of upstreams, and timeouts of routes, that contradict each other. */
export function lintDurations({ upstreams, routes }: GatewayConfig, written: Written): LintWarning[] {
  const ofUpstreams = Object.entries(upstreams).flatMap(([id, upstream]) =>
    contradictions(id, upstream, upstream.timeout, written).map(({ key, message }) => ({
      path: ['upstreams', id, ...key.split('.')],
      message: message(''),
    })),
  );
  const ofRoutes = routes.flatMap((route, index) => {
    const { timeout } = route;
    if (timeout === undefined) return [];
    return sidesOf(route).flatMap((id) => {
      const upstream = upstreams[id];
      if (!upstream) return [];
      return contradictions(id, upstream, timeout, written)
        .filter(({ other }) => other === 'timeout')
        .map(({ message }) => ({ path: ['routes', index, 'timeout'], message: message(` of ${id}`) }));
    });
  });
  return [...ofUpstreams, ...ofRoutes];
}

interface Contradiction {
  readonly key: Key;
  readonly other: Key;
  /** @param of whose key it is, if that is not clear from the place */
  readonly message: (of: string) => string;
}

/** @param timeout of the upstream, or of a route in its place */
function contradictions(
  id: string,
  upstream: UpstreamConfig,
  timeout: number,
  written: Written,
): Contradiction[] {
  const durations: Durations = { ...durationsOf(upstream), timeout };
  const found: Contradiction[] = [];
  for (const { key, is, other, why, ifWritten } of PAIRS) {
    const [left, right] = [durations[key], durations[other]];
    if (left === undefined || right === undefined || !HOLDS[is](left, right)) continue;
    if (ifWritten && !written.has(['upstreams', id, ...key.split('.')])) continue;
    const message = (of: string) =>
      `${key} (${formatDuration(left)})${of} is ${is} ${other} (${formatDuration(right)}): ${why}`;
    found.push({ key, other, message });
  }
  const perTry = durations['retry.perTryTimeout'];
  const tries = upstream.retry.attempts + 1;
  if (perTry !== undefined && perTry * tries > timeout) {
    const message = (of: string) =>
      `retry.perTryTimeout (${formatDuration(perTry)})${of} for ${tries} tries is above ` +
      `timeout (${formatDuration(timeout)}): the deadline ends the last tries early`;
    found.push({ key: 'retry.perTryTimeout', other: 'timeout', message });
  }
  return found;
}

/** What never comes into effect is `undefined`, as `idle-keys.ts` says already. */
function durationsOf({ timeout, connectTimeout, retry, hedge, breaker, health, targets }: UpstreamConfig) {
  const retries = retry.attempts > 0 ? retry : undefined;
  const after = targets.length > 1 ? hedge?.after : undefined;
  return {
    timeout,
    connectTimeout,
    'retry.perTryTimeout': retry.perTryTimeout,
    'retry.backoff.base': retries?.backoff.base,
    'retry.backoff.max': retries?.backoff.max,
    'hedge.after': after === 'p95' ? undefined : after,
    'breaker.window': breaker.window,
    'breaker.openFor': breaker.openFor,
    'breaker.maxOpenFor': breaker.maxOpenFor,
    'health.interval': health?.interval,
    'health.unhealthyInterval': health?.unhealthyInterval,
    'health.timeout': health?.timeout,
  };
}
