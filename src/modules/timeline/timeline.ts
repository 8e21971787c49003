import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { Event } from '../../common/event.js';
import { CLOCK } from '../config/config.tokens.js';
import type { NewEvent, TimelineEvent } from './shapes.js';

/** Events that are kept, of the whole gateway and of each upstream. */
const KEPT = 1_000;
const KEPT_OF_UPSTREAM = 50;

/** What has happened, in its order. */
@Injectable()
export class Timeline {
  readonly added = new Event<TimelineEvent>();
  private readonly events: TimelineEvent[] = [];
  private readonly ofUpstreams = new Map<string, TimelineEvent[]>();
  private readonly prefix: string;
  private count = 0;

  constructor(@Inject(CLOCK) private readonly clock: Clock) {
    this.prefix = clock.wall().toString(36);
  }

  /** Of the newest event. */
  get lastId(): string {
    return `${this.prefix}.${this.count}`;
  }

  add(event: NewEvent): void {
    this.count++;
    const added = { id: this.lastId, at: new Date(this.clock.wall()), ...event };
    keep(this.events, added, KEPT);
    if ('upstream' in event && event.upstream !== undefined) {
      let events = this.ofUpstreams.get(event.upstream);
      if (!events) this.ofUpstreams.set(event.upstream, (events = []));
      keep(events, added, KEPT_OF_UPSTREAM);
    }
    this.added.emit(added);
  }

  /** @returns the last events of an upstream, newest first */
  of(upstream: string): readonly TimelineEvent[] {
    return (this.ofUpstreams.get(upstream) ?? []).toReversed();
  }

  /** @returns the last events that `isWanted` takes, newest first */
  latest<T extends TimelineEvent>(
    isWanted: (event: TimelineEvent) => event is T,
    count: number,
  ): readonly T[] {
    return this.events.filter(isWanted).slice(-count).toReversed();
  }

  /**
   * @param id of an event; `undefined` for a reader that wants only what comes
   * @returns the events after it, oldest first, and whether that is all of them; those before it may be gone, and it may be
   *   of another process
   */
  after(id: string | undefined): { readonly events: readonly TimelineEvent[]; readonly isComplete: boolean } {
    if (id === undefined) return { events: [], isComplete: true };
    const [prefix, number] = id.split('.');
    const first = this.count - this.events.length;
    const seen = prefix === this.prefix ? Number(number) : Number.NaN;
    if (!(seen >= first && seen <= this.count)) return { events: [...this.events], isComplete: false };
    return { events: this.events.slice(seen - first), isComplete: true };
  }

  /** The upstream is not configured any more. */
  forget(upstream: string): void {
    this.ofUpstreams.delete(upstream);
  }
}

function keep(events: TimelineEvent[], added: TimelineEvent, most: number): void {
  events.push(added);
  if (events.length > most) events.shift();
}
