import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Clock, stalls } from '../../common/clock.js';
import { Event } from '../../common/event.js';
import type { Turn } from '../../common/turns.js';
import { type ConfigApplier, ConfigRefusedError, ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import type { GatewayConfig, UpstreamConfig } from '../config/gateway-config.js';
import { Plugins } from '../plugins/plugins.service.js';
import { RESOLVER, type Resolver } from './dns/resolver.js';
import { UpstreamProxy } from './upstream-proxy.js';
import type { UpstreamModel } from './upstream.model.js';

type Models = ReadonlyMap<string, UpstreamModel>;

/** All upstreams by id. A reload adds, changes and removes them; those that stay keep their state. */
@Injectable()
export class UpstreamRegistry implements ConfigApplier, OnApplicationShutdown {
  readonly removed = new Event<UpstreamProxy>();
  private readonly added = new Event<UpstreamProxy>();
  private upstreams: ReadonlyMap<string, UpstreamProxy>;
  /** What the upstreams of each configuration were compiled to, as long as a request uses it. */
  private readonly models = new WeakMap<GatewayConfig, Models>();
  /** Ids of upstreams that code holds. */
  private readonly held = new Set<string>();
  /** Removed upstreams that carry their last calls. */
  private readonly draining = new Set<UpstreamProxy>();

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RESOLVER) private readonly resolver: Resolver,
    @Inject(Plugins) private readonly plugins: Plugins,
  ) {
    // Timeouts of upstreams are what must not count them.
    stalls.start();
    const { current } = config;
    this.upstreams = new Map(
      Object.entries(current.upstreams).map(([id, each]) => [id, this.make(id, each)]),
    );
    this.models.set(current, new Map([...this.upstreams].map(([id, { model }]) => [id, model])));
    config.register(this);
  }

  all(): Iterable<UpstreamProxy> {
    return this.upstreams.values();
  }

  find(id: string): UpstreamProxy | undefined {
    return this.upstreams.get(id);
  }

  /**
   * Calls a listener with each upstream, those that are added later included.
   *
   * @returns ends that
   */
  each(listener: (upstream: UpstreamProxy) => void): () => void {
    for (const upstream of this.all()) listener(upstream);
    return this.added.on(listener);
  }

  /**
   * For code, which may hold the upstream for good: no reload removes it from then on.
   *
   * @throws TypeError for an id that is not configured
   */
  get(id: string): UpstreamProxy {
    const upstream = this.upstreams.get(id);
    if (!upstream) {
      const known = [...this.upstreams.keys()].join(', ') || 'none';
      throw new TypeError(
        `The configuration has no upstream ${JSON.stringify(id)}. Its upstreams are: ${known}.`,
      );
    }
    this.held.add(id);
    return upstream;
  }

  /**
   * @param config the one that a request began with
   * @throws TypeError for an id that is not configured; a checked configuration names no such id
   */
  modelIn(config: GatewayConfig, id: string): UpstreamModel {
    const model = this.models.get(config)?.get(id);
    if (!model)
      throw new TypeError(`The configuration of the request has no upstream ${JSON.stringify(id)}.`);
    return model;
  }

  /** @throws ConfigRefusedError when code holds an upstream that is not configured any more */
  async prepare(next: GatewayConfig, turn: Turn): Promise<() => void> {
    const missing = [...this.held].filter((id) => !Object.hasOwn(next.upstreams, id));
    if (missing.length > 0) throw new ConfigRefusedError(`code uses the upstream ${missing.join(', ')}`);
    const upstreams = new Map<string, UpstreamProxy>();
    const models = new Map<string, UpstreamModel>();
    for (const [id, config] of Object.entries(next.upstreams)) {
      const known = this.upstreams.get(id);
      const upstream = known ?? this.make(id, config);
      upstreams.set(id, upstream);
      models.set(id, upstream.config === config ? upstream.model : upstream.compile(config));
      await turn();
    }
    this.models.set(next, models);
    return () => this.swap(upstreams, models);
  }

  async onApplicationShutdown(): Promise<void> {
    stalls.stop();
    await Promise.all([...this.all(), ...this.draining].map((upstream) => upstream.close()));
  }

  private make(id: string, config: UpstreamConfig): UpstreamProxy {
    return new UpstreamProxy(id, config, this.clock, Math.random, this.resolver, this.plugins);
  }

  private swap(upstreams: ReadonlyMap<string, UpstreamProxy>, models: Models): void {
    const before = this.upstreams;
    this.upstreams = upstreams;
    for (const [id, model] of models) {
      const upstream = upstreams.get(id);
      if (upstream && upstream.model !== model) upstream.use(model);
    }
    for (const [id, upstream] of upstreams) if (!before.has(id)) this.added.emit(upstream);
    for (const [id, upstream] of before) if (!upstreams.has(id)) this.drain(upstream);
  }

  private drain(upstream: UpstreamProxy): void {
    this.draining.add(upstream);
    void upstream.drain().finally(() => this.draining.delete(upstream));
    this.removed.emit(upstream);
  }
}
