import { Injectable } from '@nestjs/common';
import { ProblemError } from '../../common/errors/problem.js';
import { Event } from '../../common/event.js';
import { type Exchange, routeLabelOf } from '../routing/exchange.js';
import { addressKey, userKey } from './client-key.js';

type LimitName = 'requestsPerIp' | 'requestsPerUser' | 'streamsPerUser';

export interface ConcurrencyRejection {
  readonly route: string;
  readonly limit: LimitName;
}

/** `requestsPerUser` of a route or of a handler of code. */
export interface OwnLimit {
  readonly limit: number | undefined;
  readonly name: string | undefined;
}

/** A place is free again soon, and nobody knows when. */
const RETRY_AFTER_S = 1;

const SUBJECTS: Readonly<Record<LimitName, string>> = {
  requestsPerIp: 'requests of one address are in flight',
  requestsPerUser: 'requests of one user are in flight',
  streamsPerUser: 'event streams and WebSockets of one user are open',
};

/** Limits what one client has in flight at a time. A client that has nothing in flight takes no memory. */
@Injectable()
export class ConcurrencyLimits {
  readonly rejected = new Event<ConcurrencyRejection>();
  private readonly counts = new Map<string, number>();

  /** @throws ProblemError `too_many_concurrent` */
  enterAddress(exchange: Exchange): void {
    const limit = exchange.config.server.limits.requestsPerIp;
    if (limit === undefined) return;
    // A handler of code that has passed the request on no longer has it, so that it has one place at a time.
    exchange.leaveAddress?.();
    exchange.leaveAddress = this.take(exchange, 'requestsPerIp', limit, addressKey(exchange));
    untilClosed(exchange, exchange.leaveAddress);
  }

  /**
   * A route with a limit of its own counts by itself.
   *
   * @param own that of the route or the handler, and its name
   * @throws ProblemError `too_many_concurrent`
   */
  enterUser(exchange: Exchange, own: OwnLimit): void {
    const limit = own.limit ?? exchange.config.server.limits.requestsPerUser;
    if (limit === undefined) return;
    const scope = own.limit === undefined ? '' : own.name;
    exchange.leaveUser?.();
    exchange.leaveUser = this.take(exchange, 'requestsPerUser', limit, `${scope} ${userKey(exchange)}`);
    untilClosed(exchange, exchange.leaveUser);
  }

  /**
   * Counts an event stream, or a WebSocket for as long as it is open. It is no longer one of the user's requests: those come
   * and go, and streams would take all of their places.
   *
   * @throws ProblemError `too_many_concurrent`
   */
  openStream(exchange: Exchange): void {
    const limit = exchange.config.server.limits.streamsPerUser;
    if (limit === undefined) return;
    const leave = this.take(exchange, 'streamsPerUser', limit, userKey(exchange));
    exchange.leaveUser?.();
    const { res, req } = exchange;
    untilClosed(exchange, () => {
      // The response of a handshake ends when its WebSocket opens.
      if (res.statusCode === 101 && !req.socket.closed) req.socket.once('close', leave);
      else leave();
    });
  }

  /** @returns what frees the place, once */
  private take(exchange: Exchange, limit: LimitName, most: number, client: string): () => void {
    const key = `${limit} ${client}`;
    const count = this.counts.get(key) ?? 0;
    if (count >= most) {
      this.rejected.emit({ route: routeLabelOf(exchange), limit });
      throw new ProblemError('too_many_concurrent', {
        detail: `At most ${most} ${SUBJECTS[limit]} at a time.`,
        headers: { 'Retry-After': String(RETRY_AFTER_S) },
      });
    }
    this.counts.set(key, count + 1);
    let isTaken = true;
    return () => {
      if (isTaken) this.free(key);
      isTaken = false;
    };
  }

  private free(key: string): void {
    const count = this.counts.get(key) ?? 0;
    if (count > 1) this.counts.set(key, count - 1);
    else this.counts.delete(key);
  }
}

function untilClosed({ res }: Exchange, leave: () => void): void {
  // The client may have left while it was counted.
  if (res.closed) leave();
  else res.once('close', leave);
}
