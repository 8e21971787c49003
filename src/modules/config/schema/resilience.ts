import { optional, prefault, z } from 'zod';
import { isHopByHop } from '../../../common/http/header-owners.js';
import { headers, statuses, statusRange } from './http.js';
import { pluginId } from './plugin.js';
import {
  boolean,
  count,
  countOrZero,
  integer,
  jsonValue,
  positiveDuration,
  positiveRatio,
  size,
  textLike,
  upstreamId,
} from './scalars.js';

/* The keys of an upstream that say what happens when it fails, is slow or is overloaded. */

export const outlierSchema = z.strictObject({
  consecutiveFailures: count(5).describe('Failed tries in a row that eject a target.'),
  ejectFor: positiveDuration('10s').describe(
    'How long a target is ejected before its trial. Each failed trial or relapse makes the time longer.',
  ),
  maxEjected: positiveRatio('50%').describe(
    'Largest share of the targets that can be ejected at a time, not counting those that refuse connections. One of several targets can always be ejected.',
  ),
});

export const bulkheadSchema = z.strictObject({
  concurrent: count(256).describe('Maximum number of calls that wait for their response headers at a time.'),
  adaptive: boolean(false).describe(
    'Whether the gateway learns a limit below `concurrent` from the latency of the upstream.',
  ),
  queue: countOrZero(512).describe(
    'Maximum number of calls that wait in line when the limit is reached. Further calls are answered with 503.',
  ),
  streams: count(1024).describe(
    'Maximum number of bodies in transfer, event streams and WebSockets at a time, in addition to `concurrent`.',
  ),
});

const backoffSchema = z.strictObject({
  base: positiveDuration('25ms').describe('Longest pause before the first retry.'),
  max: positiveDuration('250ms').describe('Longest pause before any retry.'),
});

export const retrySchema = z.strictObject({
  attempts: prefault(integer(0, 10), 1).describe(
    'Extra tries after the first. 0 turns off retries, and tries at another target while one is frozen.',
  ),
  on: prefault(
    z.array(
      z.union(
        [z.enum(['connect', 'reset']), integer(400, 599, 'a status from 400 to 599')],
        'connect, reset or a status from 400 to 599',
      ),
    ),
    ['connect', 'reset', 502, 503, 504],
  ).describe('Failures that are retried: connect, reset, or a response status.'),
  backoff: prefault(backoffSchema, {}).describe(
    'Pause before a retry: a random time up to a bound that doubles with each retry.',
  ),
  budget: positiveRatio('20%').describe(
    'Largest share that retries have in the calls of the last ten seconds. Three retries are always allowed.',
  ),
  perTryTimeout: optional(positiveDuration()).describe(
    'Time limit of a single try. Without this key, a try can use all that is left of `timeout`.',
  ),
  maxBodyBytes: size('64KiB').describe(
    'Largest request body that is kept for a retry. A request with a larger one is not retried.',
  ),
});

export const hedgeSchema = z.strictObject({
  after: z
    .union([z.literal('p95'), positiveDuration()], 'p95, or a duration such as 50ms')
    .describe(
      'How long to wait for response headers before a second target is asked: a duration, or `p95` of the recent latency of the upstream.',
    ),
});

export const breakerSchema = z.strictObject({
  errorRate: positiveRatio('50%').describe('Share of failures within `window` that opens the breaker.'),
  window: positiveDuration('10s').describe('Period over which `errorRate` is measured.'),
  minRequests: count(20).describe(
    'Minimum number of requests within `window` for which `errorRate` is evaluated.',
  ),
  consecutiveFailures: count(5).describe(
    'Failures in a row that open the breaker, whatever the error rate is.',
  ),
  openFor: positiveDuration('5s').describe(
    'How long the breaker stays open the first time. The time doubles whenever it opens again.',
  ),
  maxOpenFor: positiveDuration('60s').describe('Longest time that the breaker stays open before a trial.'),
  failureStatuses: prefault(statuses(), [500, 502, 503, 504]).describe(
    'Response statuses, or ranges of them, that count as failures.',
  ),
  mode: prefault(z.enum(['enforce', 'shadow']), 'enforce').describe(
    'With `shadow`, the breaker changes its state and reports it, but rejects no call.',
  ),
});

/** Of all breakers, while those of one upstream have `breakerSchema`. */
export const breakersSchema = z.strictObject({
  quorum: positiveRatio('50%').describe(
    'Share of the replicas whose breakers must be open, at least two of them, before those of the others open too. Used when `redis` is set.',
  ),
});

const PROBE_PATH = 'a path such as /health, optionally with a query';

export const healthSchema = z.strictObject({
  path: prefault(textLike(/^\/[\x21\x24-\x5b\x5d-\x7e]*$/, PROBE_PATH), '/health').describe(
    'Path that a probe requests from each target.',
  ),
  interval: positiveDuration('15s').describe('Time between two probes.'),
  unhealthyInterval: positiveDuration('3s').describe(
    'Time between two probes while one fails, a target is ejected, or the breaker is not closed.',
  ),
  timeout: positiveDuration('2s').describe('Time limit of a probe.'),
  failures: count(3).describe('Failed probes in a row that open the breaker.'),
  passes: count(2).describe('Passed probes in a row that close the breaker.'),
  statuses: prefault(z.array(statusRange()).min(1, 'at least one status'), ['200-299']).describe(
    'Statuses, or ranges of them, with which a probe passes.',
  ),
});

const fallbackResponseSchema = z.strictObject({
  status: prefault(integer(200, 599, 'a status from 200 to 599'), 503).describe('Status of the response.'),
  // The framing of a response is never configurable.
  headers: prefault(headers(isHopByHop), {}).describe('Headers of the response, by name.'),
  body: prefault(jsonValue(), { error: 'The service is temporarily unavailable' }).describe(
    'Body of the response. Text is sent as it is, and any other value as JSON.',
  ),
});

export const fallbackSchema = z
  .strictObject({
    stale: boolean(false).describe(
      'Whether routes with a `cache` serve their last good response for up to an hour after its lifetime, unless their `staleIfError` says otherwise.',
    ),
    upstream: optional(upstreamId()).describe(
      'Id of another upstream that is asked instead, within what is left of the deadline.',
    ),
    plugin: optional(pluginId('a fallback')).describe(
      'Id of a plugin that answers when no other upstream has.',
    ),
    response: optional(fallbackResponseSchema).describe(
      'Response that is sent when no other fallback has an answer.',
    ),
  })
  .transform(({ stale, upstream, plugin, response }) => {
    // `fallback: {}` means the default response.
    const isEmpty = !stale && upstream === undefined && plugin === undefined && response === undefined;
    return { stale, upstream, plugin, response: isEmpty ? fallbackResponseSchema.parse({}) : response };
  });
