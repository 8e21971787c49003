import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { toSignal } from '../../../common/cancellation.js';
import type { Clock } from '../../../common/clock.js';
import { Event } from '../../../common/event.js';
import { RetryBudget } from '../../../common/resilience/retry-budget.js';
import type { RetryConfig } from '../../config/gateway-config.js';
import type { Deadline } from '../../../common/resilience/deadline.js';
import type { Target } from '../target.js';
import type { Call } from '../transport/call.js';
import { CallerGoneError } from '../transport/classify.js';
import { UpstreamError } from '../upstream.error.js';
import type { UpstreamRequest } from '../upstream.types.js';
import { canReplay, gatherBody, sameAgain } from './replayable-body.js';
import { RetryPolicy, type RetryReason, type TryEnd } from './retry-policy.js';

export interface TryOptions {
  readonly request: UpstreamRequest;
  readonly deadline: Deadline;
  /** Milliseconds for this try alone, if it has less than the deadline. */
  readonly tryTimeout: number | undefined;
  /** Targets that were tried already; the try adds its own. */
  readonly tried: Target[];
  /** Told of the call as soon as it is made, by whoever may have to give it up. */
  readonly started?: (call: Call) => void;
}

/** Makes one try. @throws UpstreamError when it brings no response head */
export type TryOnce = (options: TryOptions) => Promise<Call>;

export interface RetrierOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Whether a target is available that is not among these. */
  readonly hasOther: (tried: readonly Target[]) => boolean;
  /** Whether the breaker would reject a call that came now. */
  readonly isRejecting: () => boolean;
  /** Bytes of all bodies that are being gathered at a time. One beyond that is sent as it comes, and once. */
  readonly maxGathered: number;
  readonly tryOnce: TryOnce;
}

/** Makes tries until one is answered, the policy says no, or the deadline leaves no room for another. */
export class Retrier {
  readonly retried = new Event<RetryReason>();
  readonly budgetExhausted = new Event<void>();
  readonly budget: RetryBudget;

  private readonly policy: RetryPolicy;
  private gathering = 0;

  constructor(
    private readonly config: RetryConfig,
    private readonly options: RetrierOptions,
  ) {
    this.policy = new RetryPolicy(config, options.random);
    this.budget = new RetryBudget(config.budget, options.clock);
  }

  /**
   * Before a call takes a place or its time begins: a client that sends slowly is nobody's fault but its own.
   *
   * @returns the request with a body that can be sent again, or `undefined` when it is to be sent as it is
   */
  gather(request: UpstreamRequest): Promise<UpstreamRequest> | undefined {
    const { body } = request;
    const { attempts, maxBodyBytes } = this.config;
    if (!(body instanceof Readable) || attempts === 0) return undefined;
    if (!canReplay(request, maxBodyBytes) || !this.policy.isRepeatable(request)) return undefined;
    const { contentLength: bytes = 0 } = request;
    if (this.gathering + bytes > this.options.maxGathered) return undefined;
    this.gathering += bytes;
    return gatherBody(request, body).finally(() => (this.gathering -= bytes));
  }

  /** @throws UpstreamError of the last try, when none was answered */
  async run(first: UpstreamRequest, deadline: Deadline): Promise<Call> {
    this.budget.recordCall();
    const { attempts, perTryTimeout } = this.config;
    const { tryOnce } = this.options;
    const isKept = canReplay(first, 0);
    const hasTryTimeout = perTryTimeout !== undefined && isKept && this.policy.isRepeatable(first);
    const tryTimeout = hasTryTimeout ? perTryTimeout : undefined;
    if (attempts === 0) return tryOnce({ request: first, deadline, tryTimeout, tried: [] });
    let request = first;
    const tried: Target[] = [];
    for (let retry = 0; ;) {
      const result = await tryOnce({ request, deadline, tryTimeout, tried }).catch(
        (error: UpstreamError) => error,
      );
      const elsewhere = result instanceof UpstreamError && this.elsewhere(result, request, tried, deadline);
      if (elsewhere) {
        request = elsewhere;
        continue;
      }
      const pause =
        isKept && retry < attempts ? this.pauseAfter(result, retry++, request, deadline) : undefined;
      if (pause === undefined) {
        if (result instanceof UpstreamError) throw result;
        return result;
      }
      if (!(result instanceof UpstreamError)) result.discard();
      const signal = request.signal && toSignal(request.signal);
      await sleep(pause, undefined, { signal }).catch(() => {
        throw new CallerGoneError();
      });
    }
  }

  /**
   * A target that takes no connection has cost nobody anything but time: the request goes on to another one at
   * once, as if it had been chosen first. That is no load on the upstream, so the budget has no say in it.
   *
   * @returns what to send there, or `undefined` when it stays with this failure
   */
  private elsewhere(
    { outcome }: UpstreamError,
    request: UpstreamRequest,
    tried: readonly Target[],
    deadline: Deadline,
  ): UpstreamRequest | undefined {
    if (this.policy.reason(request, { outcome }) !== 'connect' || !this.options.hasOther(tried))
      return undefined;
    if (deadline.remaining === 0 || request.signal?.aborted) return undefined;
    const again = sameAgain(request);
    if (again) this.retried.emit('connect');
    return again;
  }

  /** @returns milliseconds until the next try, or `undefined` when this one was the last */
  private pauseAfter(
    result: Call | UpstreamError,
    retry: number,
    request: UpstreamRequest,
    deadline: Deadline,
  ): number | undefined {
    const end = endOf(result);
    const reason = this.policy.reason(request, end);
    if (reason === undefined) return undefined;
    const pause = this.policy.pause(retry, end, this.options.clock.wall());
    if (pause >= deadline.remaining || request.signal?.aborted || this.options.isRejecting())
      return undefined;
    if (!this.budget.acquire()) {
      this.budgetExhausted.emit();
      return undefined;
    }
    this.retried.emit(reason);
    return pause;
  }
}

function endOf(result: Call | UpstreamError): TryEnd {
  if (result instanceof UpstreamError) return { outcome: result.outcome };
  const retryAfter = result.headers['retry-after'];
  return {
    outcome: 'success',
    status: result.status,
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
  };
}
