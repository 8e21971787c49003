import type { Outcome } from './errors/outcomes.js';
import type { BackgroundPurpose } from './http/trace-context.js';

/** What the span of a try has beside its record. */
export interface TrySpan {
  readonly id: string;
  readonly traceId: string;
  /** The span of the request that it was made for. */
  readonly parentId: string;
  /** `undefined` for a try that its request waits for. */
  readonly purpose: BackgroundPurpose | undefined;
  readonly method: string;
  /** Below the URL of the target, without the query. */
  readonly path: string;
  /** Tries of the same call before it. */
  readonly resends: number;
  /** Sent while an earlier try was still waiting. */
  readonly isHedge: boolean;
}

/** One try to reach an upstream, for metrics, logs and traces. */
export interface TryRecord {
  readonly upstream: string;
  /** URL of the target. */
  readonly target: string;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  /** `undefined` while it is under way. */
  outcome: Outcome | undefined;
  /** Milliseconds from its start to its end, body included; 0 while it is under way. */
  durationMs: number;
  /** Status of its response; 0 without one. */
  status: number;
  /** The status once more, or the code of its failure; empty while it is under way. */
  detail: string;
  /** Only of a request whose trace is recorded. */
  readonly span: TrySpan | undefined;
}

export interface EndedTry extends TryRecord {
  readonly outcome: Outcome;
}
