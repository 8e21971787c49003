import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { Event } from '../../common/event.js';
import { type ConfigApplier, ConfigRefusedError, ConfigStore } from '../config/config.store.js';
import { CLOCK, PLUGINS } from '../config/config.tokens.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import type { OpenedPlugin } from '../config/plugins/opened-plugin.js';
import type { Plugin } from '../config/plugins/plugin.types.js';
import { preparePlugins } from '../config/plugins/prepare-plugins.js';
import { pluginSourcesIn } from '../config/plugins/plugin-sources.js';
import type { ConfigProblem } from '../config/problem.js';
import { isSameConfig } from '../config/same-config.js';
import type { PluginError } from './plugin-failure.js';
import { type PluginCallEnd, type PluginEvents, PluginInstance } from './plugin-instance.js';

type Instances = ReadonlyMap<string, PluginInstance>;

/** The plugins in force. A reload keeps those whose entry stays as it is. */
@Injectable()
export class Plugins implements ConfigApplier, OnApplicationShutdown, PluginEvents {
  readonly failed = new Event<PluginError>();
  readonly called = new Event<PluginCallEnd>();
  /** Resolves when no request that is under way now can call a plugin any more. Whoever knows the requests sets it. */
  drain: () => Promise<void> = () => Promise.resolve();
  /** The plugins of each configuration, as long as a request uses it. */
  private readonly sets = new WeakMap<GatewayConfig, Instances>();
  private current: Instances = new Map();
  /** Opened for a configuration that has not come into force. */
  private prepared: readonly OpenedPlugin[] = [];

  /** @throws ConfigRefusedError for plugins that cannot be loaded or start */
  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(PLUGINS) private readonly given: readonly Plugin[],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.prepare(config.current)();
    config.register(this);
  }

  /**
   * @param config the one that a request began with
   * @throws TypeError for an id that is not configured; a checked configuration names no such id
   */
  get(config: GatewayConfig, id: string): PluginInstance {
    const instance = this.sets.get(config)?.get(id);
    if (!instance)
      throw new TypeError(`The configuration of the request has no plugin ${JSON.stringify(id)}.`);
    return instance;
  }

  /** @returns the one in force; `undefined` when a reload has removed it */
  find(id: string): PluginInstance | undefined {
    return this.current.get(id);
  }

  /** @throws ConfigRefusedError as the constructor does */
  prepare(next: GatewayConfig): () => void {
    // A configuration that another applier has refused.
    for (const each of this.prepared) each.close();
    this.prepared = [];
    const kept = new Map(
      [...this.current].filter(([id, { config }]) => isSameConfig(config, next.plugins[id])),
    );
    const added = Object.entries(next.plugins).filter(([id]) => !kept.has(id));
    const opened = this.open(Object.fromEntries(added));
    this.prepared = opened;
    const instances = new Map(kept);
    for (const each of opened) {
      const config = next.plugins[each.id];
      if (config) instances.set(each.id, new PluginInstance(config, each, this, this.clock));
    }
    this.sets.set(next, instances);
    return () => this.swap(instances);
  }

  onApplicationShutdown(): void {
    for (const { opened } of this.current.values()) opened.close();
    this.current = new Map();
  }

  private open(entries: GatewayConfig['plugins']): OpenedPlugin[] {
    const sources = pluginSourcesIn(entries);
    if (!sources) return [];
    const { plugins, problems } = preparePlugins(sources, { given: this.given });
    if (problems.length > 0) throw refusal(problems);
    // Without its plugin, each request of a route would fail.
    const missing = Object.keys(entries).find((id) => !plugins.some((each) => each.id === id));
    if (missing !== undefined)
      throw new ConfigRefusedError(`plugins.${missing}: the plugin rejects its options`);
    const opened: OpenedPlugin[] = [];
    for (const each of plugins) {
      try {
        opened.push(each.open());
      } catch (error) {
        for (const one of opened) one.close();
        throw refusal([each.problem(error)]);
      }
    }
    return opened;
  }

  private swap(instances: Instances): void {
    const before = this.current;
    this.current = instances;
    this.prepared = [];
    const replaced = [...before]
      .filter(([id, instance]) => instances.get(id) !== instance)
      .map(([, { opened }]) => opened);
    if (replaced.length > 0) void this.retire(replaced);
  }

  /** When the gateway stops, the end of its connections ends the requests that it waits for. */
  private async retire(replaced: readonly OpenedPlugin[]): Promise<void> {
    await this.drain();
    for (const each of replaced) each.close();
  }
}

function refusal(problems: readonly ConfigProblem[]): ConfigRefusedError {
  return new ConfigRefusedError(problems.map(({ path, message }) => `${path}: ${message}`).join('\n'));
}
