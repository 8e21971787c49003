import { Inject, Injectable } from '@nestjs/common';
import { OUTCOMES, type Outcome } from '../../common/errors/outcomes.js';
import { Deadline } from '../../common/resilience/deadline.js';
import { PluginError } from '../plugins/plugin-failure.js';
import { Plugins } from '../plugins/plugins.service.js';
import { type CheckedResponse, readResponse } from '../plugins/results.js';
import type { Exchange } from '../routing/exchange.js';
import { pluginCallFor } from '../routing/plugin-request.js';
import { replay } from '../upstream/retry/replay.js';
import { isRepeatable } from '../upstream/retry/retry-policy.js';
import { ClientBody } from '../upstream/client-body.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import type { UpstreamModel } from '../upstream/upstream.model.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { UpstreamResponse } from '../upstream/upstream.types.js';
import { type ForwardedRequest, hashKeyOf, MAX_COPY_BYTES } from './upstream-request.js';

/** With these outcomes the request never reached the upstream, so it cannot be carried out twice. */
const NEVER_SENT: ReadonlySet<Outcome> = new Set([
  'breaker_open',
  'bulkhead_full',
  'connect_blocked',
  'connect_failed',
]);

/** A fallback upstream is only to blame for a deadline when it had at least this share of its own timeout. */
const FAIR_SHARE = 0.9;

/** A request, and the upstream that it is sent to first. */
export interface ForwardedCall {
  readonly exchange: Exchange;
  readonly upstream: UpstreamModel;
  readonly request: ForwardedRequest;
}

/**
 * Sends a request that failed to the fallback upstream, to the fallback upstream of that one, and so on, as long as the
 * request can be sent again and the deadline of the first call leaves time.
 */
@Injectable()
export class FallbackChain {
  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(Plugins) private readonly plugins: Plugins,
  ) {}

  /** Keeps the body of a request that is about to be sent, if there is a fallback upstream. */
  keepBody({ upstream: { config }, request }: ForwardedCall): void {
    if (config.fallback?.upstream === undefined || !(request.body instanceof ClientBody)) return;
    const maxBytes = Math.max(MAX_COPY_BYTES, config.retry.maxBodyBytes);
    if ((request.contentLength ?? 0) <= maxBytes) request.body.keep(maxBytes);
  }

  /**
   * @param failure of the first upstream
   * @returns a response, or the failure to answer the client with: that of the first upstream, unless it turns out to be
   *   the client's
   */
  async send(call: ForwardedCall, failure: UpstreamError): Promise<UpstreamResponse | UpstreamError> {
    const { exchange, request } = call;
    let { upstream } = call;
    let { outcome } = failure;
    // A checked configuration has no cycle.
    while (upstream.config.fallback?.upstream !== undefined) {
      upstream = this.upstreams.modelIn(exchange.config, upstream.config.fallback.upstream);
      const remaining = request.deadline.remaining();
      const canSend = remaining >= 1 && (NEVER_SENT.has(outcome) || isRepeatable(request));
      const again = canSend ? replay(request) : undefined;
      if (!again) return failure;
      try {
        return await upstream.send({
          ...again,
          deadline: deadlineOf(upstream, remaining),
          hashKey: hashKeyOf(exchange, upstream.config),
        });
      } catch (error) {
        const failed = UpstreamError.from(upstream.id, error);
        if (OUTCOMES[failed.outcome].guilty === 'client') return failed;
        outcome = failed.outcome;
      }
    }
    return failure;
  }

  /** @returns the answer of the plugin of the upstream; `undefined` when it has none or fails */
  async askPlugin(
    { exchange, upstream }: ForwardedCall,
    failure: UpstreamError,
  ): Promise<CheckedResponse | undefined> {
    const id = upstream.config.fallback?.plugin;
    if (id === undefined) return undefined;
    const plugin = this.plugins.get(exchange.config, id);
    const { outcome } = failure;
    const { request, cancellation } = pluginCallFor(exchange);
    try {
      return await plugin.call({
        name: 'fallback',
        run: () => plugin.opened.fallback?.({ upstream: upstream.id, outcome }, request),
        read: (result) => (result === undefined ? undefined : readResponse(result)),
        cancellation,
      });
    } catch (error) {
      if (error instanceof PluginError) return undefined;
      throw error;
    }
  }
}

function deadlineOf({ clock, config: { timeout } }: UpstreamModel, remaining: number): Deadline {
  return new Deadline(clock, Math.min(remaining, timeout), { isRemainder: remaining < timeout * FAIR_SHARE });
}
