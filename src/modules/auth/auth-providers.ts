import { HttpService } from '@nestjs/axios';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { Event } from '../../common/event.js';
import { type ConfigApplier, ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import { Plugins } from '../plugins/plugins.service.js';
import type { KeyRefresh, KeyRefreshResult, KeyState } from './jwks/remote-keys.js';
import { ProviderSet, type ProviderSetOptions } from './provider-set.js';
import type { AuthFailure } from './refusal.js';

/** A provider whose keys are fetched. */
export interface RemoteProvider {
  readonly id: string;
  readonly keys: KeyState;
  /** The result of the last fetch; `undefined` before the first one. */
  readonly lastFetch: KeyRefreshResult | undefined;
}

/** The providers in force, and what observers want to know of them. */
@Injectable()
export class AuthProviders implements ConfigApplier, OnApplicationBootstrap, OnModuleDestroy {
  /** A request was not let in. The event is here because Nest makes several instances of the guard that emits it. */
  readonly refused = new Event<AuthFailure>();
  readonly keysRefreshed = new Event<KeyRefresh>();
  /** The providers of each configuration, as long as a request uses it. */
  readonly sets = new WeakMap<GatewayConfig, ProviderSet>();
  /** Those in force. */
  current: ProviderSet;
  private readonly options: ProviderSetOptions;
  private isRunning = false;
  private wereReady = false;

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) clock: Clock,
    @Inject(HttpService) http: HttpService,
    @Inject(Plugins) plugins: Plugins,
  ) {
    const { keysRefreshed } = this;
    this.options = { clock, http, plugins, keysRefreshed };
    const { current } = config;
    this.current = new ProviderSet(current.auth, this.options);
    this.sets.set(current, this.current);
    config.register(this);
  }

  /** Keys are fetched in the background: the gateway starts although an issuer is away. */
  onApplicationBootstrap(): void {
    this.isRunning = true;
    for (const keys of this.current.remoteKeys.values()) keys.start();
  }

  onModuleDestroy(): void {
    this.isRunning = false;
    for (const each of [...this.current.remoteKeys.values(), ...this.current.introspectors]) each.stop();
  }

  prepare(next: GatewayConfig): () => void {
    const before = this.current;
    const set = next.auth === before.config ? before : new ProviderSet(next.auth, this.options, before);
    this.sets.set(next, set);
    return () => this.swap(set);
  }

  /**
   * Whether the keys of each required provider were fetched once. Afterwards an issuer that is away does not matter, nor
   * does one that a reload adds.
   */
  get areReady(): boolean {
    this.wereReady ||= [...this.current.remoteKeys.values()].every((keys) => keys.isReady);
    return this.wereReady;
  }

  /** The providers whose keys are fetched. */
  get remote(): readonly RemoteProvider[] {
    return [...this.current.remoteKeys].map(([id, { state: keys, lastFetch }]) => ({ id, keys, lastFetch }));
  }

  private swap(set: ProviderSet): void {
    const before = new Set(this.current.remoteKeys.values());
    const next = new Set(set.remoteKeys.values());
    this.current = set;
    if (!this.isRunning) return;
    for (const keys of next) if (!before.has(keys)) keys.start();
    for (const keys of before) if (!next.has(keys)) keys.retire();
  }
}
