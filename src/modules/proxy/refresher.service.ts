import { Inject, Injectable, Logger } from '@nestjs/common';
import { faultEntry } from '../../common/errors/fault.js';
import { inBackground } from '../../common/http/trace-context.js';
import type { CacheRefresh } from '../routing/cache-decision.js';
import type { Exchange } from '../routing/exchange.js';
import type { RouteModel } from '../routing/route.model.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { GatheredResponse, gatherRoute } from './gather-route.js';
import { type PassedResponse, receive } from './receive.js';
import { upstreamIdOf, upstreamRequest } from './upstream-request.js';

/** Fetches a new answer after a client got a stale one (RFC 5861 section 3). Nobody waits for it. */
@Injectable()
export class Refresher {
  private readonly logger = new Logger(Refresher.name);

  constructor(@Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry) {}

  refresh(exchange: Exchange, route: RouteModel, { tap, onDone }: CacheRefresh): void {
    this.ask(exchange, route)
      .then(async (response) => {
        // A document in which a fallback stands for a part replaces nothing.
        if (response instanceof GatheredResponse && response.isPartial) return;
        const { isUnread } = await receive(exchange, response, tap);
        if (isUnread) await response.discard();
      })
      .catch((error: unknown) => {
        // The failure of an upstream is counted where the upstream is called.
        if (!(error instanceof UpstreamError)) this.logger.error(faultEntry(error));
      })
      .finally(onDone);
  }

  /** Without the exchange's signal and record: the client may leave with its answer at any time. */
  private ask(exchange: Exchange, route: RouteModel): Promise<PassedResponse> {
    if (route.gather) return gatherRoute(exchange, route, route.gather, this.upstreams, false);
    const upstream = this.upstreams.modelIn(exchange.config, upstreamIdOf(exchange, route));
    const request = upstreamRequest(exchange, route, upstream);
    const trace = inBackground(exchange.trace, 'refresh');
    return upstream.send({ ...request, signal: undefined, tries: undefined, trace });
  }
}
