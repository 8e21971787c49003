import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { toSignal } from '../../../common/cancellation.js';
import type { Clock } from '../../../common/clock.js';
import { OUTCOMES } from '../../../common/errors/outcomes.js';
import { Event } from '../../../common/event.js';
import type { Deadline } from '../../../common/resilience/deadline.js';
import { RetryBudget } from '../../../common/resilience/retry-budget.js';
import type { RetryConfig } from '../../config/gateway-config.js';
import type { Breaker } from '../breaker/breaker.js';
import type { Target } from '../target.js';
import type { TargetSet } from '../target-set.js';
import type { Call } from '../transport/call.js';
import { CallError } from '../transport/classify.js';
import { UpstreamError } from '../upstream.error.js';
import type { UpstreamRequest } from '../upstream.types.js';
import { gatherBody, replay } from './replay.js';
import { isRepeatable, RetryPolicy, type RetryReason, type TryEnd } from './retry-policy.js';

export interface TryOptions {
  readonly request: UpstreamRequest;
  readonly deadline: Deadline;
  /** Milliseconds for this try alone, if it has less than the deadline. */
  readonly tryTimeout: number | undefined;
  /** Targets that were tried already. The try adds its own. */
  readonly tried: Target[];
  /** Whether it is made while another try of the call is still waiting. */
  readonly isHedge?: boolean;
  /** Called with the call as soon as it is made, by a caller that may have to give it up. */
  readonly onStart?: (call: Call) => void;
}

/** Makes one try. @throws UpstreamError when it brings no response head */
export type TryOnce = (options: TryOptions) => Promise<Call>;

export interface RetrierOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly targets: Pick<TargetSet, 'hasOther'>;
  readonly breaker: Pick<Breaker, 'isRejecting'>;
  /** Bytes of all bodies that are gathered at a time. A body beyond that is streamed, and sent once. */
  readonly maxGathered: number;
}

/** Makes tries until one is answered, the policy says no, or the deadline leaves no room for another. */
export class Retrier {
  readonly retried: Event<RetryReason>;
  readonly budgetExhausted: Event<void>;
  readonly budget: RetryBudget;

  private readonly policy: RetryPolicy;
  private gathering = 0;

  /** @param previous the one of the configuration before, whose budget stays unless it changes */
  constructor(
    private readonly config: RetryConfig,
    private readonly options: RetrierOptions,
    previous?: Retrier,
  ) {
    this.retried = previous?.retried ?? new Event();
    this.budgetExhausted = previous?.budgetExhausted ?? new Event();
    this.policy = new RetryPolicy(config, options.random);
    const isSameBudget = previous?.config.budget === config.budget;
    this.budget = isSameBudget ? previous.budget : new RetryBudget(config.budget, options.clock);
  }

  /** @returns the request with a body that can be sent again, or `undefined` when the request is sent as it is */
  gather(request: UpstreamRequest): Promise<UpstreamRequest> | undefined {
    const { body, contentLength: bytes = Infinity } = request;
    const { attempts, maxBodyBytes } = this.config;
    if (!(body instanceof Readable) || attempts === 0 || !isRepeatable(request)) return undefined;
    if (bytes > maxBodyBytes || this.gathering + bytes > this.options.maxGathered) return undefined;
    this.gathering += bytes;
    return gatherBody(request, body).finally(() => (this.gathering -= bytes));
  }

  /**
   * @param tried takes the targets of all tries
   * @throws UpstreamError of the last try, when none was answered
   */
  async run(
    first: UpstreamRequest,
    deadline: Deadline,
    tryOnce: TryOnce,
    tried: Target[] = [],
  ): Promise<Call> {
    this.budget.recordCall();
    const { attempts, perTryTimeout } = this.config;
    const isKept = !(first.body instanceof Readable);
    const hasTryTimeout = perTryTimeout !== undefined && isKept && isRepeatable(first);
    const tryTimeout = hasTryTimeout ? perTryTimeout : undefined;
    if (attempts === 0) return tryOnce({ request: first, deadline, tryTimeout, tried });
    let request = first;
    let failure: UpstreamError | undefined;
    for (let retry = 0; ;) {
      const result = await tryOnce({ request, deadline, tryTimeout, tried }).catch(
        (error: UpstreamError) => error,
      );
      // The upstream may have received the try before, so the client must not learn that nothing was sent.
      if (failure && result instanceof UpstreamError && OUTCOMES[result.outcome].vote === 'none')
        throw failure;
      failure = result instanceof UpstreamError ? result : undefined;
      const end = endOf(result);
      const reason = request.signal?.aborted ? undefined : this.policy.reason(request, end);
      const next = reason === 'connect' ? this.forOtherTarget(request, tried, deadline) : undefined;
      if (next) {
        request = next;
        continue;
      }
      const mayRetry = reason !== undefined && isKept && retry < attempts;
      const pause = mayRetry ? this.pauseBefore(retry++, end, reason, deadline) : undefined;
      if (pause === undefined) {
        if (result instanceof UpstreamError) throw result;
        return result;
      }
      const signal = request.signal && toSignal(request.signal);
      await sleep(pause, undefined, { signal }).catch(() => {
        throw new CallError('client_gone');
      });
      if (result instanceof UpstreamError) continue;
      // The breaker may have opened meanwhile. This response says more than a rejection would.
      if (this.options.breaker.isRejecting) return result;
      // Its connection may be the only one.
      await result.discard();
    }
  }

  /**
   * A target that accepts no connection has cost nothing but time: the request goes to another target at once, as if
   * that one had been chosen first. That is no load on the upstream, so the budget does not count it.
   *
   * @returns what to send to another target, or `undefined` when the call stays with this result
   */
  private forOtherTarget(
    request: UpstreamRequest,
    tried: readonly Target[],
    deadline: Deadline,
  ): UpstreamRequest | undefined {
    if (deadline.remaining() === 0 || !this.options.targets.hasOther(tried)) return undefined;
    const again = replay(request);
    if (again) this.retried.emit('connect');
    return again;
  }

  /** @returns milliseconds until the retry, or `undefined` when there is none */
  private pauseBefore(
    retry: number,
    end: TryEnd,
    reason: RetryReason,
    deadline: Deadline,
  ): number | undefined {
    const pause = this.policy.pause(retry, end, this.options.clock.wall());
    if (pause >= deadline.remaining() || this.options.breaker.isRejecting) return undefined;
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
