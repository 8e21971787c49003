import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Clock, stalls } from '../../common/clock.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import { RESOLVER, type Resolver } from './dns/resolver.js';
import { UpstreamProxy } from './upstream-proxy.js';

/** All upstreams by id. */
@Injectable()
export class UpstreamRegistry implements OnApplicationShutdown {
  private readonly upstreams: ReadonlyMap<string, UpstreamProxy>;

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) clock: Clock,
    @Inject(RESOLVER) resolver: Resolver,
  ) {
    // Timeouts of upstreams are what must not count them.
    stalls.start();
    this.upstreams = new Map(
      Object.entries(config.current.upstreams).map(([id, each]) => [
        id,
        new UpstreamProxy(id, each, clock, Math.random, resolver),
      ]),
    );
  }

  all(): Iterable<UpstreamProxy> {
    return this.upstreams.values();
  }

  find(id: string): UpstreamProxy | undefined {
    return this.upstreams.get(id);
  }

  /** @throws TypeError for an id that is not configured; a checked configuration names no such id */
  get(id: string): UpstreamProxy {
    const upstream = this.upstreams.get(id);
    if (!upstream) {
      const known = [...this.upstreams.keys()].join(', ') || 'none';
      throw new TypeError(
        `The configuration has no upstream ${JSON.stringify(id)}. Its upstreams are: ${known}.`,
      );
    }
    return upstream;
  }

  async onApplicationShutdown(): Promise<void> {
    stalls.stop();
    await Promise.all([...this.upstreams.values()].map((upstream) => upstream.close()));
  }
}
