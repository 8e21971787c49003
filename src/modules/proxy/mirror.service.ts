import { Inject, Injectable, Logger } from '@nestjs/common';
import { CancellationSource } from '../../common/cancellation.js';
import { faultEntry } from '../../common/errors/fault.js';
import { isEventStream } from '../../common/http/response-headers.js';
import { inBackground } from '../../common/http/trace-context.js';
import type { MirrorConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import { ClientBody } from '../upstream/client-body.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import type { UpstreamModel } from '../upstream/upstream.model.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { UpstreamRequest } from '../upstream/upstream.types.js';
import { hashKeyOf, MAX_COPY_BYTES } from './upstream-request.js';

/** To read more of a response that nobody wants is not worth the bandwidth. */
const MAX_DISCARDED_BYTES = 1024 * 1024;

/** Sends copies of requests to another upstream. What happens to a copy affects that upstream alone. */
@Injectable()
export class Mirror {
  private readonly logger = new Logger(Mirror.name);

  constructor(@Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry) {}

  /** Copies a request that is about to be sent, with its body if that is within 64 KiB. Returns at once. */
  copy(exchange: Exchange, { upstream: id, percent }: MirrorConfig, request: UpstreamRequest): void {
    if (Math.random() >= percent) return;
    const upstream = this.upstreams.modelIn(exchange.config, id);
    const copy: UpstreamRequest = {
      method: request.method,
      path: request.path,
      headers: [...(request.headers ?? []), 'Breakwater-Mirror', '1'],
      hashKey: hashKeyOf(exchange, upstream.config),
      trace: inBackground(exchange.trace, 'mirror'),
    };
    const { body, contentLength = 0 } = request;
    // Bytes that a controller of code has read before it passed the request on.
    const isWhole = Buffer.isBuffer(body) && body.length <= MAX_COPY_BYTES;
    if (body === undefined || isWhole) this.send(exchange, upstream, { ...copy, body });
    else if (body instanceof ClientBody && contentLength <= MAX_COPY_BYTES) {
      body.keep(MAX_COPY_BYTES, (bytes) => this.send(exchange, upstream, { ...copy, body: bytes }));
    }
  }

  private send({ res }: Exchange, upstream: UpstreamModel, request: UpstreamRequest): void {
    const end = new CancellationSource();
    upstream
      .send({ ...request, signal: end })
      .then((response) => {
        const done = response.discard(MAX_DISCARDED_BYTES, upstream.config.bodyTimeout);
        // It has no end of its own.
        if (!isEventStream(response.headers)) return done;
        if (res.closed) end.abort();
        else res.once('close', () => end.abort());
        return done;
      })
      .catch((error: unknown) => {
        // The upstream itself has counted its failure.
        if (!(error instanceof UpstreamError)) this.logger.error(faultEntry(error));
      });
  }
}
