import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Response } from 'express';
import { ProblemError } from '../../common/errors/problem.js';
import { Lifecycle } from '../server/lifecycle.js';
import type { Overview, Tick, TimelineEvent, UpstreamReport } from '../timeline/shapes.js';
import { Timeline } from '../timeline/timeline.js';
import { OverviewService } from './overview.service.js';

const MAX_READERS = 64;
/** Bytes that wait for a slow reader before it is cut off. It connects again, and gets what it has missed. */
const MAX_BUFFERED = 1024 * 1024;
/** Milliseconds. */
const TICK = 1_000;
/** Milliseconds between two comments, by which a reader knows that the connection lives. */
const HEARTBEAT = 15_000;

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
      if (this.readers.size > 0) this.send(messageOf(event));
    });
  }

  /**
   * @param lastEventId of the last event that the reader knows; it gets those that came after it
   * @throws ProblemError `too_many_readers`
   */
  async open(res: Response, lastEventId: string | undefined): Promise<void> {
    if (this.readers.size >= MAX_READERS || this.lifecycle.phase === 'draining')
      throw new ProblemError('too_many_readers', { headers: { 'Retry-After': '1' } });
    const overview = await this.overview.read();
    if (res.destroyed) return;
    res.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      // nginx would collect the stream.
      'X-Accel-Buffering': 'no',
    });
    res.once('close', () => this.leave(res));
    this.readers.add(res);
    if (this.readers.size === 1) this.start();
    const { events, isComplete } = this.timeline.after(lastEventId);
    if (!isComplete) res.write(textOf('gap', {}));
    for (const event of events) res.write(messageOf(event));
    res.write(textOf('overview', overview));
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
    this.sent.clear();
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
      const tick = this.difference(await this.overview.read());
      if (tick) this.send(textOf('tick', tick));
    } finally {
      this.isTicking = false;
    }
  }

  private difference({ at, gateway, upstreams, topRoutes }: Overview): Tick | undefined {
    const texts = new Map(upstreams.map((each) => [each.id, JSON.stringify(each)]));
    const changed = upstreams.filter(({ id }: UpstreamReport) => texts.get(id) !== this.sent.get(id));
    const removed = [...this.sent.keys()].filter((id) => !texts.has(id));
    const text = JSON.stringify(gateway);
    const routes = JSON.stringify(topRoutes.routes);
    const isSame = changed.length + removed.length === 0 && text === this.gateway && routes === this.routes;
    this.sent = texts;
    this.gateway = text;
    this.routes = routes;
    return isSame ? undefined : { at, gateway, upstreams: changed, topRoutes, removed };
  }

  private send(text: string): void {
    for (const res of this.readers) {
      if (res.writableLength > MAX_BUFFERED) res.destroy();
      else res.write(text);
    }
  }
}

function messageOf(event: TimelineEvent): string {
  return `id: ${event.id}\n${textOf(event.kind, event)}`;
}

/** JSON has no line breaks. */
function textOf(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
