import { OUTCOMES, type Outcome } from '../../common/errors/outcomes.js';
import { ProblemError } from '../../common/errors/problem.js';
import { classifyFailure, errorCode } from './transport/classify.js';

/** A call to an upstream that brought no usable response. Its `outcome` says who is to blame. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';

  /** @param options seconds until another call makes sense, what has caused the failure, and the URL of the target */
  constructor(
    readonly upstream: string,
    readonly outcome: Outcome,
    private readonly options: {
      readonly retryAfterSeconds?: number;
      readonly cause?: unknown;
      readonly target?: string;
    } = {},
  ) {
    super(`Upstream ${upstream}: ${outcome}`, { cause: options.cause });
  }

  /** @returns an UpstreamError as it is, and any other error classified */
  static from(upstream: string, error: unknown): UpstreamError {
    if (error instanceof UpstreamError) return error;
    return new UpstreamError(upstream, classifyFailure(error, 'awaiting-head'), { cause: error });
  }

  /** @returns the failed call that an error stands for, such as the `AxiosError` of an `HttpService` */
  static behind(error: unknown): UpstreamError | undefined {
    if (error instanceof UpstreamError) return error;
    const cause = error instanceof Error ? error.cause : undefined;
    return cause instanceof UpstreamError ? cause : undefined;
  }

  /** Error code or name; never a message, which may hold an address. */
  get detail(): string {
    return errorCode(this.cause);
  }

  /** The target that failed; `undefined` when none was asked. */
  get target(): string | undefined {
    return this.options.target;
  }

  /** What went wrong, for operators: it may hold an address, and clients never see it. */
  get reason(): string | undefined {
    return this.cause === undefined ? undefined : reasonOf(this.cause);
  }

  /** @returns the answer to the client, when no byte of another answer was sent */
  toProblem(): ProblemError {
    const { cause } = this;
    if (cause instanceof ProblemError) return cause;
    const { problem } = OUTCOMES[this.outcome] as { problem?: 'internal_error' };
    const { retryAfterSeconds = this.outcome === 'connect_blocked' ? 1 : undefined } = this.options;
    return new ProblemError(problem ?? 'upstream_reset', {
      upstream: OUTCOMES[this.outcome].guilty === 'client' ? undefined : this.upstream,
      detail:
        this.outcome === 'head_too_large'
          ? `The limit is upstreams.${this.upstream}.maxHeaderBytes.`
          : undefined,
      headers: retryAfterSeconds === undefined ? undefined : { 'Retry-After': String(retryAfterSeconds) },
      cause: this,
    });
  }
}

const LONGEST_REASON = 200;

/** `ECONNREFUSED 10.0.0.7:3001`, `certificate has expired`; of several addresses, what went wrong with each. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error instanceof AggregateError && error.errors.length > 0)
    return [...new Set(error.errors.map(reasonOf))].join(', ').slice(0, LONGEST_REASON);
  const code = errorCode(error);
  // Node writes the system call before the code.
  const start = Math.max(0, error.message.indexOf(code));
  return (error.message.slice(start) || code).slice(0, LONGEST_REASON);
}
