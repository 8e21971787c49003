import type { Outcome } from '../../common/errors/outcomes.js';
import { clientTrailers, type HeaderRecord } from '../../common/http/response-headers.js';
import type { Exchange } from '../routing/exchange.js';
import type { UpstreamError } from '../upstream/upstream.error.js';
import type { BodySink, WholeBody } from '../upstream/upstream.types.js';
import { endResponse } from './end-response.js';

/** Carries an upstream's body to the client and says how it ended. */
export class ReplySink implements BodySink {
  /** Something was written, or the body has ended. */
  started = false;

  constructor(private readonly exchange: Exchange) {}

  onData(chunk: Buffer, resume: () => void): boolean {
    const { res, tap } = this.exchange;
    this.started = true;
    tap?.onData(chunk);
    if (res.write(chunk)) return true;
    res.once('drain', resume);
    return false;
  }

  /** Head and body leave in one write. */
  onWhole({ bytes, outcome }: WholeBody): void {
    const { res, tap } = this.exchange;
    this.exchange.outcome ??= outcome;
    tap?.onData(bytes);
    tap?.onEnd();
    endResponse(res, bytes);
  }

  onEnd(outcome: Outcome, trailers?: HeaderRecord): void {
    const { res, tap } = this.exchange;
    if (trailers && res.chunkedEncoding) res.addTrailers(clientTrailers(trailers) ?? []);
    this.started = true;
    this.exchange.outcome ??= outcome;
    tap?.onEnd();
    endResponse(res);
  }

  onError(error: UpstreamError): void {
    // The gateway has ended an event stream, and given up the call for it.
    if (this.exchange.res.writableEnded) return;
    this.exchange.outcome ??= error.outcome;
    this.started = true;
    // Never a clean end: a client must not take half a body for a whole one.
    const { req, res } = this.exchange;
    // HTTP/1.0 knows no other end of a body than a closed connection, so there it has to be a reset.
    if (req.httpVersion === '1.0') req.socket.resetAndDestroy();
    else res.destroy();
  }
}
