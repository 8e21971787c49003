import { HttpService } from '@nestjs/axios';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { Event } from '../../common/event.js';
import { ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import { type AuthProviderConfig, isPublicKeyAlgorithm } from '../config/gateway-config.js';
import { ApiKeyProvider, ApiKeys } from './api-keys.js';
import { type Allowed, allows } from './auth-policy.js';
import type { UnverifiedToken } from './bearer-token.js';
import { HandshakeTokens } from './handshake-tokens.js';
import { Introspector } from './introspector.js';
import { KeyEndpoint } from './jwks/key-endpoint.js';
import { type KeyRefreshResult, type KeyState, RemoteKeys } from './jwks/remote-keys.js';
import { type FindKeys, JwtProvider } from './jwt-provider.js';
import type { AuthFailure } from './refusal.js';
import { VerificationKey } from './verification-key.js';

/** One fetch of the keys of a provider. */
export interface KeyRefresh {
  readonly provider: string;
  readonly result: KeyRefreshResult;
  /** Without a query. */
  readonly url: string | undefined;
  /** Status or error code, if there is one. */
  readonly code: string | number | undefined;
}

/** A provider whose keys are fetched. */
export interface RemoteProvider {
  readonly id: string;
  readonly keys: KeyState;
  /** The result of the last fetch; `undefined` before the first one. */
  readonly lastFetch: KeyRefreshResult | undefined;
}

/** The providers of the configuration, compiled. It keeps the keys of issuers that publish theirs. */
@Injectable()
export class AuthProviders implements OnApplicationBootstrap, OnModuleDestroy {
  /** A request was not let in. The event is here because Nest makes several instances of the guard that emits it. */
  readonly refused = new Event<AuthFailure>();
  readonly keysRefreshed = new Event<KeyRefresh>();
  /** `undefined` when no provider has API keys. */
  readonly apiKeys: ApiKeys | undefined;
  readonly isEmpty: boolean;
  readonly handshakeTokens: HandshakeTokens;
  private readonly introspectors: readonly Introspector[];
  /** In the order of the configuration. */
  private readonly issuers: readonly JwtProvider[];
  private readonly remoteKeys = new Map<string, RemoteKeys>();
  private readonly lastFetches = new Map<string, KeyRefreshResult>();

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HttpService) private readonly http: HttpService,
  ) {
    const entries = Object.entries(config.current.auth);
    this.isEmpty = entries.length === 0;
    this.handshakeTokens = new HandshakeTokens(entries);
    const withKeys = entries.filter(([, each]) => each.apiKeys);
    if (withKeys.length > 0)
      this.apiKeys = new ApiKeys(withKeys.map(([id, each]) => new ApiKeyProvider(id, each)));
    this.introspectors = entries.flatMap(([id, each]) =>
      each.introspection ? [new Introspector(id, each, each.introspection, http, clock)] : [],
    );
    this.issuers = entries
      .filter(([, each]) => !each.apiKeys && !each.introspection)
      .map(([id, each]) => new JwtProvider(id, each, this.findKeysOf(id, each), clock));
  }

  /** Keys are fetched in the background: the gateway starts although an issuer is away. */
  onApplicationBootstrap(): void {
    for (const keys of this.remoteKeys.values()) keys.start();
  }

  onModuleDestroy(): void {
    for (const each of [...this.remoteKeys.values(), ...this.introspectors]) each.stop();
  }

  /** Whether the keys of each required provider were fetched once. Afterwards an issuer that is away does not matter. */
  get areReady(): boolean {
    return [...this.remoteKeys.values()].every((keys) => keys.isReady);
  }

  /** The providers whose keys are fetched. */
  get remote(): readonly RemoteProvider[] {
    return [...this.remoteKeys].map(([id, { state }]) => ({
      id,
      keys: state,
      lastFetch: this.lastFetches.get(id),
    }));
  }

  /** @returns whether any of the allowed providers accepts tokens */
  acceptTokens(allowed: Allowed): boolean {
    return [...this.issuers, ...this.introspectors].some(({ id }) => allows(allowed, id));
  }

  /** @returns the first that may be asked about a token that no issuer of JWTs accepts */
  introspectorOf(allowed: Allowed): Introspector | undefined {
    return this.introspectors.find(({ id }) => allows(allowed, id));
  }

  /** @returns the provider of the token's issuer, or else the first one without an `issuer` */
  issuerOf({ algorithm, issuer }: UnverifiedToken, allowed: Allowed): JwtProvider | undefined {
    const candidates = this.issuers.filter((each) => allows(allowed, each.id) && each.accepts(algorithm));
    return (
      candidates.find((each) => each.issuer !== undefined && each.issuer === issuer) ??
      candidates.find((each) => each.issuer === undefined)
    );
  }

  private findKeysOf(id: string, config: AuthProviderConfig): FindKeys {
    const { secret, publicKey, jwksUri, issuer = '', jwks, algorithms } = config;
    if (secret !== undefined || publicKey !== undefined) {
      const keys = [VerificationKey.ofConfig(config)];
      return () => keys;
    }
    const endpoint = new KeyEndpoint(this.http, jwksUri, issuer, jwks.timeout);
    const keys = new RemoteKeys({
      algorithms: algorithms.filter(isPublicKeyAlgorithm),
      config: jwks,
      clock: this.clock,
      fetch: (signal) => endpoint.fetch(signal),
      onRefresh: (result, error) => {
        this.lastFetches.set(id, result);
        const { lastUrl: url } = endpoint;
        this.keysRefreshed.emit({ provider: id, result, url, code: error?.status ?? error?.code });
      },
    });
    this.remoteKeys.set(id, keys);
    return (token) => keys.find(token);
  }
}
