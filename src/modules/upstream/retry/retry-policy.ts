import { Readable } from 'node:stream';
import { OUTCOMES, type Outcome, type OutcomeRow } from '../../../common/errors/outcomes.js';
import { parseHttpDate } from '../../../common/http/http-date.js';
import { backoff } from '../../../common/resilience/backoff.js';
import type { RetryConfig } from '../../config/gateway-config.js';
import type { UpstreamRequest } from '../upstream.types.js';

/** Label of `breakwater_retries_total`. */
export type RetryReason = 'connect' | 'reset' | 'timeout' | '502' | '503' | '504' | (string & {});

/** How a try ended: with a response whose status may be retried, or without one. */
export interface TryEnd {
  readonly outcome: Outcome;
  readonly status?: number;
  readonly retryAfter?: string;
}

/** RFC 9110 section 9.2.2: sending one of these twice means the same as sending it once. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** @returns whether the request may be sent more than once without harm */
export function isRepeatable({ method, headers = [] }: UpstreamRequest): boolean {
  return IDEMPOTENT.has(method) || headers.some((name, i) => i % 2 === 0 && /^idempotency-key$/i.test(name));
}

/** RFC 9110 section 9.2.1: these change nothing, so a copy of one cannot be refused because the first is under way. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** @returns whether two targets may have the request at a time, so that the one that answers first is used */
export function mayBeSentTwice({ method, upgrade, body }: UpstreamRequest): boolean {
  // Two handshakes would be two WebSockets, and a stream can be read once.
  return SAFE.has(method) && !upgrade && !(body instanceof Readable);
}

/** Decides whether a failed try is retried, and after which pause. */
export class RetryPolicy {
  private readonly on: ReadonlySet<string>;

  constructor(
    private readonly config: RetryConfig,
    private readonly random: () => number,
  ) {
    this.on = new Set(config.on.map(String));
  }

  /** @returns why the try may be retried, or `undefined` if it may not */
  reason(request: UpstreamRequest, { outcome, status }: TryEnd): RetryReason | undefined {
    const { retry }: OutcomeRow = OUTCOMES[outcome];
    const reason = status === undefined ? retry : String(status);
    // Only a try of a repeatable request has a timeout of its own.
    if (reason === undefined || (reason !== 'timeout' && !this.on.has(reason))) return undefined;
    // A request that was never sent cannot be carried out twice.
    return reason === 'connect' || isRepeatable(request) ? reason : undefined;
  }

  /**
   * @param retry 0 for the first retry
   * @param nowMs milliseconds since the epoch
   * @returns milliseconds to wait: the longer of our own pause and the upstream's `Retry-After`
   */
  pause(retry: number, { retryAfter }: TryEnd, nowMs: number): number {
    const ours = backoff(this.config.backoff, retry, this.random());
    return Math.max(ours, retryAfterMs(retryAfter, nowMs) ?? 0);
  }
}

/**
 * Reads `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date.
 *
 * @param nowMs milliseconds since the epoch
 * @returns milliseconds from now, or `undefined` when it is neither
 */
function retryAfterMs(field: string | undefined, nowMs: number): number | undefined {
  if (field === undefined) return undefined;
  if (/^\d+$/.test(field)) return Number(field) * 1000;
  const at = parseHttpDate(field, nowMs);
  return at === undefined ? undefined : Math.max(0, at - nowMs);
}
