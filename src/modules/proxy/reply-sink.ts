import type { Outcome } from '../../common/errors/outcomes.js';
import type { Exchange } from '../routing/exchange.js';
import type { UpstreamError } from '../upstream/upstream.error.js';
import type { BodySink } from '../upstream/upstream.types.js';
import { endResponse } from './end-response.js';

/** Carries an upstream's body to the client and says how it ended. */
export class ReplySink implements BodySink {
  constructor(private readonly exchange: Exchange) {}

  onData(chunk: Buffer, resume: () => void): boolean {
    const { res, tap } = this.exchange;
    tap?.onData(chunk);
    if (res.write(chunk)) return true;
    res.once('drain', resume);
    return false;
  }

  onEnd(outcome: Outcome): void {
    const { res, tap } = this.exchange;
    this.exchange.outcome ??= outcome;
    tap?.onEnd();
    endResponse(res);
  }

  onError(error: UpstreamError): void {
    this.exchange.outcome ??= error.outcome;
    // Never a clean end: a client must not take half a body for a whole one.
    this.exchange.res.destroy();
  }
}
