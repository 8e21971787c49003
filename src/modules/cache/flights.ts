import type { Cancellation } from '../../common/cancellation.js';
import { type Clock, StallExtension } from '../../common/clock.js';
import type { GatewayConfig, RouteConfig } from '../config/gateway-config.js';
import { sidesOf } from '../config/schema/gateway.js';
import type { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { CacheEntry } from './cache-entry.js';

/** A response that has just arrived, whether or not the cache has room for it. */
export interface Arrival {
  readonly entry: CacheEntry;
  /** The fields that tell variants of it apart, and the variant that it is. */
  readonly fields: readonly string[];
  readonly variant: string;
  /** When its head arrived, in monotonic milliseconds. */
  readonly arrivedAt: number;
}

/**
 * How a flight ended for those who wait:
 * - an arrival: the response, which may be one for them;
 * - `found`: the cache has something new, which may be one for them;
 * - `unshared`: the response is of no use to anybody else;
 * - `failed`: the upstream has no response;
 * - `abandoned`: nobody knows, since the client of the request left, or the response was invalidated.
 */
export type FlightResult = Arrival | 'found' | 'unshared' | 'failed' | 'abandoned';

/** How long a request waits for the body of the response to another one. */
export const LOCK_TIME_MS = 5_000;

/** What a waiter does with a result: nothing more, go to the upstream alone, or wait for the flight of this name. */
export type NextStep = 'answered' | 'alone' | { readonly next: string };

export interface Waiter {
  /** Monotonic milliseconds at which its own time for a response head is over. */
  readonly until: number;
  /** Aborts when its client has left. */
  readonly gone: Cancellation;
  /** Called for each result until one of them settles the waiter. */
  readonly use: (result: FlightResult) => NextStep;
}

/** How the wait has ended: with a flight, the waiter leads it. After `timeout`, it has no time left for a call of its own. */
export type WaitResult = Flight | 'answered' | 'alone' | 'timeout';

/** @returns milliseconds that a request of the route has until a response head; on a split, as many as any side has */
export function waitLimit(route: RouteConfig, upstreams: GatewayConfig['upstreams']): number {
  return route.timeout ?? Math.max(...sidesOf(route).map((id) => upstreams[id]?.timeout ?? 0));
}

/**
 * An open breaker answers at once, while a flight from before it opened can last until its deadline. The trial of a
 * half-open breaker is worth waiting for.
 *
 * @returns whether the breakers of all sides of the route are open and reject calls
 */
export function isRejected(
  route: RouteConfig | undefined,
  upstreams: Pick<UpstreamRegistry, 'find'>,
): boolean {
  if (!route) return false;
  const breakers = sidesOf(route).map((id) => upstreams.find(id)?.breaker);
  return breakers.every((breaker) => breaker?.state === 'open' && breaker.isRejecting);
}

interface Place extends Omit<Waiter, 'until'> {
  /** Monotonic milliseconds at which its own time for a response head is over. */
  deadline: number;
  /** The same for its wait in this flight. */
  until: number;
  readonly extension: StallExtension;
  flight: Flight;
  readonly resolve: (result: WaitResult) => void;
}

/** One request to the shared tier and the upstream, and those who wait for its response. */
export class Flight {
  private readonly places = new Set<Place>();
  private timer: NodeJS.Timeout | undefined;
  /** Monotonic milliseconds at which `timer` fires. */
  private dueAt = Number.POSITIVE_INFINITY;
  private hasHead = false;
  private isOver = false;

  /** @param underWay the flights by name, where none has this name */
  constructor(
    private readonly underWay: Map<string, Flight>,
    private readonly name: string,
    private readonly clock: Clock,
  ) {
    underWay.set(name, this);
  }

  get hasWaiters(): boolean {
    return this.places.size > 0;
  }

  /** Waits for this flight, and for those that follow it. */
  join(waiter: Waiter): Promise<WaitResult> {
    return new Promise((resolve) => {
      const leave = () => {
        place.flight.places.delete(place);
        resolve('alone');
      };
      const extension = new StallExtension(this.clock);
      extension.start(waiter.until - this.clock.now());
      const place: Place = {
        ...waiter,
        deadline: waiter.until,
        extension,
        flight: this,
        resolve: (result) => {
          waiter.gone.removeEventListener('abort', leave);
          resolve(result);
        },
      };
      waiter.gone.addEventListener('abort', leave, { once: true });
      this.add(place);
    });
  }

  /** The head of the response is here, and those who wait need the body as well. */
  onHead(): void {
    if (this.hasHead) return;
    this.hasHead = true;
    for (const place of this.places) this.limit(place);
  }

  /**
   * Gives the result to those who wait. Of those who have to wait for a next flight, the first one leads it. Only the
   * first call counts.
   */
  settle(result: FlightResult): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.timer);
    this.release();
    const now = this.clock.now();
    for (const place of this.places) {
      extend(place);
      const step = place.use(result);
      if (typeof step === 'string') place.resolve(step);
      else if (place.deadline <= now) this.giveUp(place);
      else this.pass(place, step.next);
    }
  }

  /** Frees the name, which another flight may have taken over already. */
  release(): void {
    if (this.underWay.get(this.name) === this) this.underWay.delete(this.name);
  }

  private pass(place: Place, name: string): void {
    const flight = this.underWay.get(name);
    if (flight) flight.add(place);
    else place.resolve(new Flight(this.underWay, name, this.clock));
  }

  /** An upstream that has begun to answer another one has time for this one. */
  private giveUp(place: Place): void {
    place.resolve(this.hasHead ? 'alone' : 'timeout');
  }

  private add(place: Place): void {
    place.flight = this;
    this.places.add(place);
    this.limit(place);
  }

  /**
   * Before the head, only its own deadline limits a wait: a herd at the upstream would not make its answer come sooner.
   * After it, the deadline for the head no longer counts, but the body may have no end.
   */
  private limit(place: Place): void {
    place.until = this.hasHead ? this.clock.now() + LOCK_TIME_MS : place.deadline;
    if (place.until < this.dueAt) this.startTimer(place.until);
  }

  private startTimer(dueAt: number): void {
    clearTimeout(this.timer);
    this.dueAt = dueAt;
    // A timer that fires late gives the sockets a turn first: the response may be there already.
    const expire = () => setImmediate(() => this.expire());
    this.timer = setTimeout(expire, Math.ceil(Math.max(0, dueAt - this.clock.now())));
  }

  private expire(): void {
    if (this.isOver) return;
    const now = this.clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const place of this.places) {
      extend(place);
      if (place.until > now) {
        next = Math.min(next, place.until);
        continue;
      }
      this.places.delete(place);
      this.giveUp(place);
      // The body may have no end, so the next request does not wait for it.
      if (this.hasHead) this.release();
    }
    if (next < Number.POSITIVE_INFINITY) this.startTimer(next);
    else this.dueAt = next;
  }
}

/** The time in which the process stood still does not count. */
function extend(place: Place): void {
  const lost = place.extension.take();
  place.deadline += lost;
  place.until += lost;
}
