import { Inject, Injectable, Logger } from '@nestjs/common';
import { CancellationSource } from '../../common/cancellation.js';
import type { Exchange } from '../routing/exchange.js';
import type { RouteModel } from '../routing/route.model.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { BodySink } from '../upstream/upstream.types.js';
import { drain } from './drain.js';
import { upstreamIdOf, upstreamRequest } from './upstream-request.js';

/** Fetches anew what a client was just answered with (RFC 5861 section 3). Nobody waits for it. */
@Injectable()
export class Refresher {
  private readonly logger = new Logger(Refresher.name);

  constructor(@Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry) {}

  refresh(exchange: Exchange, route: RouteModel): void {
    const { tap, refreshed } = exchange;
    const upstream = this.upstreams.get(upstreamIdOf(exchange, route));
    // Its own: the client may leave with its answer at any time.
    const signal = new CancellationSource();
    upstream
      .send({ ...upstreamRequest(exchange, route, upstream.config), signal })
      .then(
        (response) =>
          new Promise<void>((resolve) => {
            const confirmed = tap?.onHead(response.status, response.headers, response.isDelimited);
            const whole = response.whole();
            if (whole) {
              if (!confirmed) {
                tap?.onData(whole.bytes);
                tap?.onEnd();
              }
              resolve();
              return;
            }
            const unread = drain(() => signal.abort());
            const sink: BodySink = {
              onData: (chunk, resume) => {
                if (confirmed) return unread.onData(chunk, resume);
                tap?.onData(chunk);
                return true;
              },
              onEnd: () => {
                if (!confirmed) tap?.onEnd();
                resolve();
              },
              onError: () => resolve(),
            };
            response.stream(sink);
          }),
      )
      .catch((error: unknown) => {
        // What an upstream does wrong is counted where it was called.
        if (!(error instanceof UpstreamError)) this.logger.error(error);
      })
      .finally(() => refreshed?.());
  }
}
