import type { Response } from 'express';
import type { Clock } from '../../common/clock.js';
import { type Exchange, handlerPathOf } from './exchange.js';

/** Has the response say what became of its request, in `Server-Timing` (W3C Server Timing). */
export function addServerTiming(exchange: Exchange, clock: Clock): void {
  const { res } = exchange;
  // Express declares more than one signature.
  const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => Response;
  res.writeHead = (...args: unknown[]) => {
    const text = serverTiming(exchange, clock.now());
    const headers = args.at(-1);
    if (Array.isArray(headers)) headers.push('Server-Timing', text);
    else res.appendHeader('Server-Timing', text);
    return writeHead(...args);
  };
}

/**
 * @param now monotonic milliseconds
 * @returns what is known by the head of the response
 */
function serverTiming(exchange: Exchange, now: number): string {
  const { req, route, identity, authFailure, rateLimit, cache, tries, failure, fallback } = exchange;
  const total = now - exchange.startedAt;
  const members: readonly (string | undefined)[] = [
    member('route', handlerPathOf(req) ?? route?.config.id),
    member('auth', authFailure ?? (identity && `verified by ${identity.provider}`)),
    member('rate-limit', rateLimit?.exceeded),
    member('cache', cache?.status),
    ...tries.map(({ upstream, target, startedAt, durationMs, detail }) =>
      member('try', `${upstream} ${target} ${detail}`.trim(), durationMs || now - startedAt),
    ),
    member(
      'failure',
      failure && [failure.upstream, failure.outcome, failure.reason].filter(Boolean).join(' '),
    ),
    member('fallback', cache?.kind === 'hit' && failure ? 'stale' : fallback),
    `gateway;dur=${(total - exchange.upstreamMs(now)).toFixed(1)}`,
    `total;dur=${total.toFixed(1)}`,
  ];
  return members.filter((each) => each !== undefined).join(', ');
}

/** @returns `undefined` without a description */
function member(name: string, description: string | undefined, ms?: number): string | undefined {
  if (description === undefined || description === '') return undefined;
  const duration = ms === undefined ? '' : `;dur=${ms.toFixed(1)}`;
  // What a quoted string must not hold, or not as it is (RFC 9110 section 5.6.4).
  const text = description.replace(/[^\t\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&');
  return `${name}${duration};desc="${text}"`;
}
