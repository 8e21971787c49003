import { OUTCOMES } from '../../common/errors/outcomes.js';
import type { Outcome } from '../../common/errors/outcomes.js';
import { clientTrailers, type HeaderRecord } from '../../common/http/response-headers.js';
import type { Exchange, ResponseTap } from '../routing/exchange.js';
import type { UpstreamError } from '../upstream/upstream.error.js';
import type { BodySink, WholeBody } from '../upstream/upstream.types.js';
import { endResponse } from './end-response.js';
import { resetConnection } from '../server/sockets.js';

/** Writes an upstream's body to the client and records how it ended. */
export class ReplySink implements BodySink {
  /** Something was written, or the body has ended. */
  started = false;
  private readonly tap: ResponseTap | undefined;

  constructor(private readonly exchange: Exchange) {
    this.tap = exchange.tap;
  }

  onData(chunk: Buffer, resume: () => void): boolean {
    const { res } = this.exchange;
    this.started = true;
    this.tap?.onData?.(chunk);
    if (res.write(chunk) || this.tap?.onBlocked?.()) return true;
    res.once('drain', resume);
    return false;
  }

  /** Sends head and body in one write. */
  onWhole({ bytes, outcome }: WholeBody): void {
    this.exchange.outcome ??= outcome;
    this.tap?.onData?.(bytes);
    this.tap?.onEnd?.();
    endResponse(this.exchange.res, bytes);
  }

  onEnd(outcome: Outcome, trailers?: HeaderRecord): void {
    const { res } = this.exchange;
    if (trailers && res.chunkedEncoding) res.addTrailers(clientTrailers(trailers) ?? []);
    this.started = true;
    this.exchange.outcome ??= outcome;
    this.tap?.onEnd?.();
    endResponse(res);
  }

  onError(error: UpstreamError): void {
    // The gateway has ended an event stream itself and cancelled its call.
    if (this.exchange.res.writableEnded) return;
    this.exchange.outcome ??= error.outcome;
    // That of a first upstream stays, as its outcome does.
    if (OUTCOMES[error.outcome].guilty !== 'client') this.exchange.failure ??= error;
    this.started = true;
    // It is never a clean end: a client must not take half a body for a whole one.
    const { req, res } = this.exchange;
    // In HTTP/1.0 a closed connection is the regular end of a body, so the connection is reset.
    if (req.httpVersion === '1.0') resetConnection(req.socket);
    else res.destroy();
  }
}
