import { backoff } from '../../../common/resilience/backoff.js';
import { OUTCOMES, type Outcome, type OutcomeRow } from '../../../common/errors/outcomes.js';
import type { RetryConfig } from '../../config/gateway-config.js';
import type { UpstreamRequest } from '../upstream.types.js';
import { retryAfterMs } from './retry-after.js';

/** Label of `breakwater_retries_total`. */
export type RetryReason = 'connect' | 'reset' | 'timeout' | '502' | '503' | '504' | (string & {});

/** How a try ended: with a response whose status may be retried, or without one. */
export interface TryEnd {
  readonly outcome: Outcome;
  readonly status?: number;
  readonly retryAfter?: string;
}

/** RFC 9110 section 9.2.2: sending these twice means the same as sending them once. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** @returns whether the request may be sent more than once without harm */
export function isRepeatable({ method, headers = [] }: UpstreamRequest): boolean {
  return IDEMPOTENT.has(method) || headers.some((name, i) => i % 2 === 0 && /^idempotency-key$/i.test(name));
}

/** Decides whether a try that went wrong is made again, and after which pause. */
export class RetryPolicy {
  private readonly on: ReadonlySet<string>;

  constructor(
    private readonly config: RetryConfig,
    private readonly random: () => number,
  ) {
    this.on = new Set(config.on.map(String));
  }

  /** @returns whether the request may be sent more than once without harm */
  isRepeatable(request: UpstreamRequest): boolean {
    return isRepeatable(request);
  }

  /** @returns why the try may be made again, or `undefined` if it may not */
  reason(request: UpstreamRequest, end: TryEnd): RetryReason | undefined {
    const reason = this.reasonOf(end);
    if (reason === undefined) return undefined;
    // What was never sent cannot be done twice.
    return reason === 'connect' || this.isRepeatable(request) ? reason : undefined;
  }

  /**
   * @param retry 0 for the first retry
   * @param nowMs milliseconds since the epoch
   * @returns milliseconds to wait: no less than the upstream's own `Retry-After`, and than ours
   */
  pause(retry: number, { retryAfter }: TryEnd, nowMs: number): number {
    const ours = backoff(this.config.backoff, retry, this.random());
    return Math.max(ours, retryAfterMs(retryAfter, nowMs) ?? 0);
  }

  private reasonOf({ outcome, status }: TryEnd): RetryReason | undefined {
    if (status !== undefined) return this.on.has(String(status)) ? String(status) : undefined;
    const { retry }: OutcomeRow = OUTCOMES[outcome];
    if (retry === undefined) return undefined;
    // A try that was given a time of its own is one that may be repeated.
    return retry === 'timeout' || this.on.has(retry) ? retry : undefined;
  }
}
