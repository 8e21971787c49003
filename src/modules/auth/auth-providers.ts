import { HttpService } from '@nestjs/axios';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { Event } from '../../common/event.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import { type AuthProviderConfig, isPublicKeyAlgorithm } from '../config/gateway-config.js';
import { ApiKeyProvider } from './api-keys.js';
import { Introspector } from './introspection/introspector.js';
import { KeyEndpoint } from './jwks/key-endpoint.js';
import { type KeyRefreshResult, RemoteKeys } from './jwks/remote-keys.js';
import { JwtProvider } from './jwt-provider.js';
import { KeyPlaces } from './key-places.js';
import { ConfiguredKey, type KeySource } from './key-source.js';
import type { UnverifiedToken } from './token-header.js';
import type { AuthFailure } from './unavailable.js';
import { VerificationKey } from './verification-key.js';

/** Ids of the providers that a route takes; `undefined`: every one. */
export type Allowed = ReadonlySet<string> | undefined;

export interface KeyRefresh {
  readonly provider: string;
  readonly result: KeyRefreshResult;
}

/** The providers of the configuration, compiled; keeps the keys of those that publish them. */
@Injectable()
export class AuthProviders implements OnApplicationBootstrap, OnModuleDestroy {
  /** A request was not let in. The event is here because Nest makes several instances of the guard that emits it. */
  readonly refused = new Event<AuthFailure>();
  readonly keysRefreshed = new Event<KeyRefresh>();
  /** In the order of the configuration. */
  readonly apiKeys: readonly ApiKeyProvider[];
  /** `undefined` where there are no keys. */
  readonly keyPlaces: KeyPlaces | undefined;
  private readonly introspectors: readonly Introspector[];
  private readonly issuers: readonly JwtProvider[];
  private readonly remoteKeys: RemoteKeys[] = [];

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HttpService) private readonly http: HttpService,
  ) {
    const entries = Object.entries(config.current.auth);
    this.apiKeys = entries
      .filter(([, each]) => each.apiKeys)
      .map(([id, each]) => new ApiKeyProvider(id, each));
    this.keyPlaces = this.apiKeys.length === 0 ? undefined : new KeyPlaces(this.apiKeys);
    this.introspectors = entries.flatMap(([id, each]) =>
      each.introspection ? [new Introspector(id, each, each.introspection, http, clock)] : [],
    );
    this.issuers = entries
      .filter(([, each]) => !each.apiKeys && !each.introspection)
      .map(([id, each]) => new JwtProvider(id, each, this.keysOf(id, each), clock));
  }

  /** In the background: an issuer that is away does not keep the gateway from starting. */
  onApplicationBootstrap(): void {
    for (const keys of this.remoteKeys) keys.start();
  }

  onModuleDestroy(): void {
    for (const each of [...this.remoteKeys, ...this.introspectors]) each.stop();
  }

  get isEmpty(): boolean {
    return [this.issuers, this.introspectors, this.apiKeys].every(({ length }) => length === 0);
  }

  /** Is there any provider of tokens among them? */
  takeTokens(allowed: Allowed): boolean {
    return (
      this.introspectorOf(allowed) !== undefined ||
      this.issuers.some(({ id }) => allowed === undefined || allowed.has(id))
    );
  }

  /** Is there any provider of API keys among them? */
  takeKeys(allowed: Allowed): boolean {
    return this.apiKeys.some(({ id }) => allowed === undefined || allowed.has(id));
  }

  /** @returns the first that may be asked about a token that no issuer of JWTs takes */
  introspectorOf(allowed: Allowed): Introspector | undefined {
    return this.introspectors.find(({ id }) => allowed === undefined || allowed.has(id));
  }

  /** @returns the provider of the token's issuer, or else one that takes any issuer's */
  issuerOf({ algorithm, issuer }: UnverifiedToken, allowed: Allowed): JwtProvider | undefined {
    const candidates = this.issuers.filter(
      (each) => (allowed === undefined || allowed.has(each.id)) && each.takes(algorithm),
    );
    return (
      candidates.find((each) => each.issuer !== undefined && each.issuer === issuer) ??
      candidates.find((each) => each.issuer === undefined)
    );
  }

  private keysOf(id: string, config: AuthProviderConfig): KeySource {
    if (config.secret !== undefined || config.publicKey !== undefined)
      return new ConfiguredKey(VerificationKey.ofConfig(config));
    const { jwksUri, issuer = '', jwks } = config;
    const endpoint = new KeyEndpoint(this.http, jwksUri, issuer, jwks.timeout);
    const keys = new RemoteKeys({
      algorithms: config.algorithms.filter(isPublicKeyAlgorithm),
      config: jwks,
      clock: this.clock,
      fetch: (signal) => endpoint.fetch(signal),
      onRefresh: (result) => this.keysRefreshed.emit({ provider: id, result }),
    });
    this.remoteKeys.push(keys);
    return keys;
  }
}
