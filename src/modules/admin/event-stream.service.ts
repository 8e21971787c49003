import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Response } from 'express';
import { ProblemError } from '../../common/errors/problem.js';
import { Lifecycle } from '../server/lifecycle.js';
import type { Overview, Tick, TimelineEvent } from '../timeline/shapes.js';
import { Timeline } from '../timeline/timeline.js';
import { OverviewService } from './overview.service.js';

const MAX_READERS = 64;
/** Bytes that wait for a slow reader before it is cut off. It connects again, and gets what it has missed. */
const MAX_BUFFERED = 1024 * 1024;
/** Milliseconds. */
const TICK = 1_000;
/** Milliseconds between two comments, by which a reader knows that the connection lives. */
const HEARTBEAT = 15_000;

const HEAD = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  // nginx would collect the stream.
  'X-Accel-Buffering': 'no',
};

/**
 * Sends what happens as server-sent events: each event of the timeline with its id, and once a second what has changed in
 * the overview. Nothing is done while nobody reads.
 */
@Injectable()
export class EventStream implements OnApplicationShutdown {
  private readonly readers = new Set<Response>();
  private timers: NodeJS.Timeout[] = [];
  /** The upstreams of the last tick, as texts. */
  private sent = new Map<string, string>();
  private gateway = '';
  private routes = '';
  private isTicking = false;

  constructor(
    @Inject(Timeline) private readonly timeline: Timeline,
    @Inject(OverviewService) private readonly overview: OverviewService,
    @Inject(Lifecycle) private readonly lifecycle: Lifecycle,
  ) {
    timeline.added.on((event) => {
      if (this.readers.size > 0) this.send(eventOf(event));
    });
  }

  /**
   * @param lastEventId of the last event that the reader knows; it gets those that came after it
   * @throws ProblemError `too_many_readers`
   */
  async open(res: Response, lastEventId: string | undefined): Promise<void> {
    // It has nothing to wait for, and would keep a reader's place.
    if (res.req.method === 'HEAD') {
      res.writeHead(200, HEAD).end();
      return;
    }
    const overview = await this.overview.read();
    if (res.destroyed) return;
    if (this.readers.size >= MAX_READERS || this.lifecycle.phase === 'draining')
      throw new ProblemError('too_many_readers', { headers: { 'Retry-After': '1' } });
    res.writeHead(200, HEAD);
    res.once('close', () => this.leave(res));
    this.readers.add(res);
    if (this.readers.size === 1) this.start();
    // What has changed since the last tick, and back before the next, would remain as it is in this reader's overview.
    this.sent.clear();
    const { events, isComplete } = this.timeline.after(lastEventId);
    if (!isComplete) res.write(messageOf('gap', {}));
    for (const event of events) res.write(eventOf(event));
    res.write(messageOf('overview', overview));
  }

  onApplicationShutdown(): void {
    this.end();
  }

  private start(): void {
    this.timers = [
      setInterval(() => void this.tick(), TICK).unref(),
      setInterval(() => this.send(':\n\n'), HEARTBEAT).unref(),
    ];
  }

  private leave(res: Response): void {
    this.readers.delete(res);
    if (this.readers.size > 0) return;
    for (const timer of this.timers) clearInterval(timer);
  }

  private end(): void {
    for (const res of this.readers) res.end();
  }

  private async tick(): Promise<void> {
    if (this.lifecycle.phase === 'draining') {
      this.end();
      return;
    }
    // With workers that are slow to answer, the one before may be under way.
    if (this.isTicking) return;
    this.isTicking = true;
    try {
      this.sendChanges(await this.overview.read());
    } finally {
      this.isTicking = false;
    }
  }

  private sendChanges({ at, gateway, upstreams, topRoutes }: Overview): void {
    const texts = new Map(upstreams.map((each) => [each.id, JSON.stringify(each)]));
    const changed = upstreams.filter(({ id }) => texts.get(id) !== this.sent.get(id));
    const removed = [...this.sent.keys()].filter((id) => !texts.has(id));
    const text = JSON.stringify(gateway);
    const routes = JSON.stringify(topRoutes.routes);
    const isSame = changed.length + removed.length === 0 && text === this.gateway && routes === this.routes;
    if (isSame) return;
    this.sent = texts;
    this.gateway = text;
    this.routes = routes;
    const tick: Tick = { at, gateway, upstreams: changed, topRoutes, removed };
    this.send(messageOf('tick', tick));
  }

  private send(text: string): void {
    for (const res of this.readers) {
      if (res.writableLength > MAX_BUFFERED) res.destroy();
      else res.write(text);
    }
  }
}

function eventOf(event: TimelineEvent): string {
  return `id: ${event.id}\n${messageOf(event.kind, event)}`;
}

/** JSON has no line breaks. */
function messageOf(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
