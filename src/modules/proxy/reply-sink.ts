import type { ServerResponse } from 'node:http';
import { type Outcome, OUTCOMES } from '../../common/errors/outcomes.js';
import { clientTrailers, type HeaderRecord } from '../../common/http/response-headers.js';
import type { ResponseTap } from '../routing/cache-decision.js';
import type { Exchange } from '../routing/exchange.js';
import type { UpstreamError } from '../upstream/upstream.error.js';
import type { BodySink, WholeBody } from '../upstream/upstream.types.js';
import { resetConnection } from '../server/sockets.js';

const LINGER_MS = 1000;
/** To copy a larger chunk costs more than a second write. */
const MAX_COPIED_BYTES = 16 * 1024;

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
    // The failure of a first upstream stays on record, as its outcome does.
    if (OUTCOMES[error.outcome].guilty !== 'client') this.exchange.failure ??= error;
    this.started = true;
    // It is never a clean end: a client must not take half a body for a whole one.
    const { req, res } = this.exchange;
    // In HTTP/1.0 a closed connection is the regular end of a body, so the connection is reset.
    if (req.httpVersion === '1.0') resetConnection(req.socket);
    else res.destroy();
  }
}

/**
 * Ends a response, also one that is sent before the request's body was read. To close at once would reset the connection,
 * and a client that is still sending would lose the response. So the rest of the body is read and dropped first, for a
 * second at most; then the connection is closed, because nobody knows how much more there is.
 */
export function endResponse(res: ServerResponse, lastChunk?: Uint8Array): void {
  const { req } = res;
  if (req.complete || req.readableEnded || req.destroyed) {
    // Node writes a string and the head at once; latin1 keeps every byte as it is.
    if (lastChunk && lastChunk.length <= MAX_COPIED_BYTES) res.end(latin1(lastChunk), 'latin1');
    else res.end(lastChunk);
    return;
  }
  if (lastChunk) res.write(lastChunk);
  const end = () => {
    clearTimeout(timer);
    res.end();
  };
  const timer = setTimeout(() => {
    // `compression` takes no callback.
    res.once('finish', () => req.socket.destroySoon()).end();
  }, LINGER_MS);
  req.once('end', end).once('close', end).resume();
}

const latin1 = ({ buffer, byteOffset, length }: Uint8Array) =>
  Buffer.from(buffer, byteOffset, length).toString('latin1');
