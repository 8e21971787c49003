import type { Clock } from '../../common/clock.js';
import { OUTCOMES, type Outcome } from '../../common/errors/outcomes.js';
import { Deadline } from '../../common/resilience/deadline.js';
import type { Exchange } from '../routing/exchange.js';
import { isRepeatable } from '../upstream/retry/retry-policy.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import type { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { UpstreamRequest, UpstreamResponse } from '../upstream/upstream.types.js';
import { MAX_COPY_BYTES } from './body-copy.js';
import { RequestBody } from './request-body.js';
import { hashKeyOf } from './upstream-request.js';

/** With these the request never reached the upstream, so it cannot be done twice. */
const NEVER_SENT: ReadonlySet<Outcome> = new Set(['breaker_open', 'bulkhead_full', 'connect_failed']);

export interface BackupOptions {
  readonly upstreams: UpstreamRegistry;
  readonly clock: Clock;
  readonly exchange: Exchange;
  /** Has a fallback upstream. */
  readonly first: UpstreamProxy;
  /** About to be sent to `first`. */
  readonly request: UpstreamRequest;
}

/** Asks the fallback upstreams of one call, as far as its request can be sent again and its deadline allows. */
export class Backup {
  /** The one to send to `first`. */
  readonly request: UpstreamRequest;
  private deadline: Deadline;
  private body: RequestBody | undefined;

  constructor(private readonly options: BackupOptions) {
    const { clock, first, request } = options;
    const begin = () => new Deadline(clock, request.timeout ?? first.config.timeout);
    this.deadline = begin();
    this.request = { ...request, begun: () => (this.deadline = begin()) };
    if (!(request.body instanceof RequestBody)) return;
    this.body = request.body;
    const maxBytes = Math.max(MAX_COPY_BYTES, first.config.retry.maxBodyBytes);
    if ((request.contentLength ?? 0) <= maxBytes) this.body.keep(maxBytes);
  }

  /**
   * @param failure of the first upstream
   * @returns `undefined` when none of them could be asked, or none answered
   * @throws UpstreamError when the client is gone, or at fault
   */
  async ask(failure: UpstreamError): Promise<UpstreamResponse | undefined> {
    const { upstreams, first } = this.options;
    let { outcome } = failure;
    let id = first.config.fallback?.upstream;
    // A checked configuration has no cycle.
    while (id !== undefined) {
      const next = upstreams.get(id);
      const request = this.again(outcome, next);
      if (!request) return undefined;
      try {
        return await next.send(request);
      } catch (error) {
        const failed = UpstreamError.from(id, error);
        if (OUTCOMES[failed.outcome].guilty === 'client') throw failed;
        outcome = failed.outcome;
      }
      id = next.config.fallback?.upstream;
    }
    return undefined;
  }

  private again(outcome: Outcome, next: UpstreamProxy): UpstreamRequest | undefined {
    const { exchange, request } = this.options;
    const { remaining } = this.deadline;
    if (remaining < 1 || !(NEVER_SENT.has(outcome) || isRepeatable(request))) return undefined;
    const again = {
      ...request,
      timeout: Math.min(remaining, next.config.timeout),
      hashKey: hashKeyOf(exchange, next.config),
    };
    if (!this.body) return again;
    const whole = this.body.copied;
    if (whole) return { ...again, body: whole, contentLength: undefined };
    this.body = this.body.untouched();
    return this.body && { ...again, body: this.body };
  }
}
