import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { Exchange } from '../routing/exchange.js';

/** Milliseconds that a client gets to read the end of its stream. */
const FAREWELL_MS = 1000;

/**
 * The event streams that are open. They have no end of their own, and are the one body that may end anywhere: an
 * event that is not whole is dropped, and the client comes back for more.
 */
@Injectable()
export class EventStreams {
  private readonly open = new Set<Exchange>();

  /** @param exchange whose answer is about to be streamed */
  watch(exchange: Exchange): void {
    this.open.add(exchange);
    exchange.res.once('close', () => this.open.delete(exchange));
  }

  /** Ends all as whole answers, and gives up the calls behind them. Waits until the clients have it, for a second at most. */
  async end(): Promise<void> {
    const ended = Promise.all([...this.open].map(end));
    await Promise.race([ended, sleep(FAREWELL_MS, undefined, { ref: false })]);
  }
}

/** @returns whether a body of no announced length may end anywhere; half of a compressed one is broken */
export function isEventStream(headers: HeaderRecord): boolean {
  const type = headers['content-type'];
  return (
    typeof type === 'string' &&
    /^text\/event-stream(?:[; \t]|$)/i.test(type) &&
    headers['content-encoding'] === undefined
  );
}

function end(exchange: Exchange): Promise<void> {
  return new Promise((resolve) => {
    exchange.outcome ??= 'success';
    exchange.res.once('close', resolve).end();
    exchange.abandon();
  });
}
