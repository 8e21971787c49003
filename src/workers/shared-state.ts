import type { INestApplicationContext } from '@nestjs/common';
import { TokenDenylist } from '../modules/auth/denylist/token-denylist.service.js';
import { InvalidationChannel } from '../modules/cache/shared/invalidation-channel.js';
import { PROCESS_ROLE, type ProcessRole } from '../modules/config/config.tokens.js';
import { LogLevel } from '../modules/config/log-level.js';
import { ProbeScheduler } from '../modules/health/probe.scheduler.js';
import { RuntimeFaults } from '../modules/proxy/runtime-faults.js';
import type { ProbeResult } from '../modules/upstream/probe-record.js';
import type { UpstreamProxy } from '../modules/upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../modules/upstream/upstream.registry.js';
import type { SharedEvent } from './messages.js';

/** Milliseconds between two looks at the votes of breakers. */
const VOTES_INTERVAL = 100;

/**
 * What all processes of a gateway know. Each one tells the others of what happens in it, and adopts what has happened in
 * them, which the primary passes on.
 */
export class SharedState {
  private readonly upstreams: UpstreamRegistry;
  private readonly channel: InvalidationChannel;
  private readonly denylist: TokenDenylist;
  private readonly faults: RuntimeFaults;
  private readonly logLevel: LogLevel;
  /** The last round of each upstream with probes. */
  private readonly rounds = new Map<string, SharedEvent>();
  /** What is adopted must not be told again. */
  private isAdopting = false;

  constructor(
    app: INestApplicationContext,
    private readonly tellOthers: (event: SharedEvent) => void,
  ) {
    this.upstreams = app.get(UpstreamRegistry);
    this.channel = app.get(InvalidationChannel);
    this.denylist = app.get(TokenDenylist);
    this.faults = app.get(RuntimeFaults);
    this.logLevel = app.get(LogLevel);
    this.faults.changed.on((change) => this.tell({ kind: 'fault', change }));
    this.logLevel.overridden.on((override) => this.tell({ kind: 'log-level', override }));
    this.upstreams.each((upstream) => this.watch(upstream));
    // The primary stores nothing, and has every worker purge by a call, which counts what is dropped.
    if (app.get<ProcessRole>(PROCESS_ROLE) === 'worker')
      this.channel.announced.on((invalidation) => this.tell({ kind: 'invalidation', invalidation }));
    app.get(ProbeScheduler).probed.on(({ upstream, results }) => {
      const urls = upstream.targets.all.map(({ url }, i) => [url, results[i]] as const);
      const event = { kind: 'probes', upstream: upstream.id, results: new Map(urls) } as SharedEvent;
      this.rounds.set(upstream.id, event);
      this.tell(event);
    });
    this.upstreams.removed.on(({ id }) => this.rounds.delete(id));
    setInterval(() => this.tellVotes(), VOTES_INTERVAL).unref();
  }

  adopt(event: SharedEvent): void {
    this.isAdopting = true;
    try {
      this.apply(event);
    } finally {
      this.isAdopting = false;
    }
  }

  /** @returns what brings a new process to the state of this one */
  snapshot(): SharedEvent[] {
    const events: SharedEvent[] = [...this.rounds.values()];
    for (const { id: upstream, breaker, targets } of this.upstreams.all()) {
      const news = breaker.asNews;
      if (news) events.push({ kind: 'breaker', upstream, news });
      for (const { url, ejected } of targets.all)
        if (ejected) events.push({ kind: 'target', upstream, url, isEjected: true });
    }
    for (const change of this.faults.left) events.push({ kind: 'fault', change });
    if (this.logLevel.left) events.push({ kind: 'log-level', override: this.logLevel.left });
    events.push({ kind: 'denials', denials: this.denylist.all() });
    return events;
  }

  private watch({ id: upstream, breaker, targets }: UpstreamProxy): void {
    breaker.news.on((news) => this.tell({ kind: 'breaker', upstream, news }));
    targets.ejected.on(({ url }) => this.tell({ kind: 'target', upstream, url, isEjected: true }));
    targets.returned.on(({ url }) => this.tell({ kind: 'target', upstream, url, isEjected: false }));
  }

  private tellVotes(): void {
    const votes = [...this.upstreams.all()].flatMap(({ id, breaker }) => {
      const taken = breaker.votes.take();
      return taken ? [[id, taken] as const] : [];
    });
    if (votes.length > 0) this.tell({ kind: 'votes', votes });
  }

  private tell(event: SharedEvent): void {
    if (!this.isAdopting) this.tellOthers(event);
  }

  private apply(event: SharedEvent): void {
    switch (event.kind) {
      case 'breaker':
        this.upstreams.find(event.upstream)?.breaker.adopt(event.news);
        return;
      case 'votes':
        for (const [id, votes] of event.votes) this.upstreams.find(id)?.breaker.addVotes(votes);
        return;
      case 'target':
        this.upstreams.find(event.upstream)?.targets.adopt(event.url, event.isEjected);
        return;
      case 'probes':
        this.report(event.upstream, event.results);
        return;
      case 'invalidation':
        this.channel.received.emit(event.invalidation);
        return;
      case 'fault':
        this.faults.set(event.change);
        return;
      case 'log-level':
        this.logLevel.set(event.override);
        return;
      case 'denials':
        this.denylist.adopt(event.denials);
        return;
      default:
        event satisfies never;
    }
  }

  private report(id: string, results: ReadonlyMap<string, ProbeResult>): void {
    const upstream = this.upstreams.find(id);
    const health = upstream?.config.health;
    if (!health) return;
    const ofTargets = upstream.targets.all.flatMap(({ url }) => results.get(url) ?? []);
    // A reload is changing the targets; the next round comes soon.
    if (ofTargets.length === upstream.targets.all.length) upstream.probes.report(ofTargets, health);
  }
}
