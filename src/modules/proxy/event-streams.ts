import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { isEventStream } from '../../common/http/response-headers.js';
import { type Exchange, exchangeOf } from '../routing/exchange.js';

/** How long clients have to read the end of their streams. */
const END_TIMEOUT_MS = 1000;

/**
 * The open event streams. They have no end of their own, and theirs is the only kind of body that may end anywhere: the
 * client drops an incomplete event and reconnects.
 */
@Injectable()
export class EventStreams {
  private readonly open = new Set<Exchange>();

  /** @param exchange whose answer is about to be streamed, with headers that `getHeaders` does not know */
  watch(exchange: Exchange): void {
    this.open.add(exchange);
    exchange.res.once('close', () => this.open.delete(exchange));
  }

  /**
   * Ends all streams as complete answers, cancels their calls, and waits up to a second until the clients have read.
   *
   * @param responses in flight, among which are the streams of controllers
   */
  async end(responses: Iterable<ServerResponse>): Promise<void> {
    for (const res of responses) {
      const exchange = exchangeOf(res.req);
      if (exchange && mayEndAnywhere(res.getHeaders())) this.open.add(exchange);
    }
    const ended = Promise.all([...this.open].map(end));
    await Promise.race([ended, sleep(END_TIMEOUT_MS, undefined, { ref: false })]);
  }
}

/** Decides whether a body of unknown length may end anywhere. A compressed stream that is cut off is broken. */
export function mayEndAnywhere(headers: { 'content-type'?: unknown; 'content-encoding'?: unknown }): boolean {
  return isEventStream(headers) && headers['content-encoding'] === undefined;
}

function end(exchange: Exchange): Promise<void> {
  return new Promise((resolve) => {
    exchange.outcome ??= 'success';
    exchange.res.once('close', resolve).end();
    exchange.abandon();
  });
}
