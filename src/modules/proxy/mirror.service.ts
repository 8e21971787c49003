import { Inject, Injectable, Logger } from '@nestjs/common';
import { CancellationSource } from '../../common/cancellation.js';
import { LONGEST_TIMER_MS } from '../../common/units/duration.js';
import type { MirrorConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { BodySink, UpstreamRequest, UpstreamResponse } from '../upstream/upstream.types.js';
import { MAX_COPY_BYTES } from './body-copy.js';
import { RequestBody } from './request-body.js';
import { hashKeyOf } from './upstream-request.js';

/** More of an answer that nobody reads is not worth the bandwidth. */
const MAX_DISCARDED_BYTES = 1024 * 1024;

/** Sends copies of requests to another upstream. What becomes of them touches nobody but that upstream. */
@Injectable()
export class Mirror {
  private readonly logger = new Logger(Mirror.name);

  constructor(@Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry) {}

  /** Copies a request that is about to be sent, with its body if that is within 64 KiB. Returns at once. */
  copy(exchange: Exchange, { upstream: id, percent }: MirrorConfig, request: UpstreamRequest): void {
    if (Math.random() >= percent) return;
    const upstream = this.upstreams.get(id);
    const copy: UpstreamRequest = {
      method: request.method,
      path: request.path,
      headers: [...(request.headers ?? []), 'Breakwater-Mirror', '1'],
      hashKey: hashKeyOf(exchange, upstream.config),
    };
    const { body, contentLength = 0 } = request;
    if (body === undefined) this.send(upstream, copy);
    else if (body instanceof RequestBody && contentLength <= MAX_COPY_BYTES) {
      body.keep().whenComplete((bytes) => this.send(upstream, { ...copy, body: bytes }));
    }
  }

  private send(upstream: UpstreamProxy, request: UpstreamRequest): void {
    const { timeout, bodyTimeout } = upstream.config;
    const end = new CancellationSource();
    // An answer without an end would hold a place in the bulkhead for as long.
    const timer = setTimeout(() => end.abort(), Math.min(timeout + bodyTimeout, LONGEST_TIMER_MS)).unref();
    upstream
      .send({ ...request, signal: end })
      .then((response) => discard(response, end))
      .catch((error: unknown) => {
        // Counted by the upstream itself.
        if (!(error instanceof UpstreamError)) this.logger.error(error);
      })
      .finally(() => clearTimeout(timer));
  }
}

/** Reads an answer to its end, so that its connection can be used again, unless it is long. */
function discard(response: UpstreamResponse, end: CancellationSource): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    const sink: BodySink = {
      onData: (chunk) => {
        bytes += chunk.length;
        if (bytes > MAX_DISCARDED_BYTES) end.abort();
        return true;
      },
      onEnd: () => resolve(),
      onError: () => resolve(),
    };
    response.stream(sink);
  });
}
