import type { HttpService } from '@nestjs/axios';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.js';
import type { Event } from '../../common/event.js';
import {
  type AuthProviderConfig,
  type GatewayConfig,
  isPublicKeyAlgorithm,
} from '../config/gateway-config.js';
import { isSameConfig } from '../config/same-config.js';
import type { Plugins } from '../plugins/plugins.service.js';
import type { Exchange } from '../routing/exchange.js';
import { ApiKeyProvider, ApiKeys } from './api-keys.js';
import { type Allowed, allows, type AuthPolicy } from './auth-policy.js';
import type { UnverifiedToken } from './bearer-token.js';
import { ClientCertificates } from './client-certificates.js';
import { HandshakeTokens } from './handshake-tokens.js';
import { Introspector } from './introspector.js';
import { KeyEndpoint } from './jwks/key-endpoint.js';
import { type KeyRefresh, RemoteKeys } from './jwks/remote-keys.js';
import { type FindKeys, JwtProvider, type Verified } from './jwt-provider.js';
import { PluginProviders } from './plugin-providers.js';
import type { Accepted } from './refusal.js';
import { VerificationKey } from './verification-key.js';

const MAX_REMEMBERED = 10_000;
/** Characters of remembered tokens: what is kept of one grows with its claims. */
const MAX_REMEMBERED_SIZE = 32 * 1024 * 1024;
/** What an entry takes beside its claims, in characters. */
const ENTRY_SIZE = 512;

/** What the fetched keys of a provider depend on. */
const KEYS = ['jwksUri', 'issuer', 'jwks', 'algorithms'] as const;

export interface ProviderSetOptions {
  readonly clock: Clock;
  readonly http: HttpService;
  readonly plugins: Pick<Plugins, 'get'>;
  readonly keysRefreshed: Event<KeyRefresh>;
}

/** The providers of one configuration, compiled: replaced whole by a reload that changes them. */
export class ProviderSet {
  /** `undefined` when no provider accepts certificates. */
  readonly certificates: ClientCertificates | undefined;
  /** `undefined` when no provider has API keys. */
  readonly apiKeys: ApiKeys | undefined;
  /** `undefined` when no provider is a plugin. */
  readonly plugins: PluginProviders | undefined;
  readonly isEmpty: boolean;
  readonly handshakeTokens: HandshakeTokens;
  /** By id of the provider, for those whose keys are fetched. */
  readonly remoteKeys = new Map<string, RemoteKeys>();
  /**
   * Verified tokens, and then by choice of providers: another provider may map the claims differently, or not know the
   * user. The key is the token itself, since hashing it would cost more than everything else that a remembered token
   * needs.
   */
  readonly remembered = new LRUCache<string, ReadonlyMap<Allowed, Verified>>({
    max: MAX_REMEMBERED,
    maxSize: MAX_REMEMBERED_SIZE,
    sizeCalculation: (verified, token) => verified.size * (ENTRY_SIZE + token.length),
  });
  readonly introspectors: readonly Introspector[];
  /** In the order of the configuration. */
  private readonly issuers: readonly JwtProvider[];

  /** @param previous the set in force, whose fetched keys stay where they come from the same place */
  constructor(
    readonly config: GatewayConfig['auth'],
    private readonly options: ProviderSetOptions,
    previous?: ProviderSet,
  ) {
    const { clock, http, plugins } = options;
    const entries = Object.entries(config);
    this.isEmpty = entries.length === 0;
    this.handshakeTokens = new HandshakeTokens(entries);
    const withKeys = entries.filter(([, each]) => each.apiKeys);
    if (withKeys.length > 0)
      this.apiKeys = new ApiKeys(withKeys.map(([id, each]) => new ApiKeyProvider(id, each)));
    const withCertificates = entries.flatMap(([id, { clientCertificate, forwardClaims }]) =>
      clientCertificate ? [[id, { clientCertificate, forwardClaims }] as const] : [],
    );
    if (withCertificates.length > 0) this.certificates = new ClientCertificates(withCertificates, clock);
    const withPlugins = entries.flatMap(([id, { plugin, forwardClaims }]) =>
      plugin === undefined ? [] : [{ id, plugin, forwardClaims }],
    );
    if (withPlugins.length > 0) this.plugins = new PluginProviders(withPlugins, plugins);
    this.introspectors = entries.flatMap(([id, each]) => {
      if (!each.introspection) return [];
      const isSame = previous && isSameConfig(previous.config[id], each);
      const known = isSame
        ? previous.introspectors.find((introspector) => introspector.id === id)
        : undefined;
      return [known ?? new Introspector(id, each, each.introspection, http, clock)];
    });
    this.issuers = entries
      .filter(([, each]) => !each.apiKeys && !each.introspection && !each.clientCertificate && !each.plugin)
      .map(([id, each]) => new JwtProvider(id, each, this.findKeysOf(id, each, previous), clock));
  }

  /** @returns whether any of the allowed providers accepts tokens */
  acceptTokens(allowed: Allowed): boolean {
    return [...this.issuers, ...this.introspectors].some(({ id }) => allows(allowed, id));
  }

  /** What a client may send where the policy applies. */
  accepted({ allowed, scopeList: scopes }: AuthPolicy, exchange: Exchange): Accepted {
    return {
      tokens: this.acceptTokens(allowed),
      keys: this.apiKeys?.accepts(allowed) ?? false,
      certificates: this.certificates?.accepts(allowed) ?? false,
      challenges: this.plugins?.challenges(exchange, allowed) ?? [],
      scopes,
    };
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

  private findKeysOf(id: string, config: AuthProviderConfig, previous: ProviderSet | undefined): FindKeys {
    if (config.secret !== undefined || config.publicKey !== undefined) {
      const keys = [VerificationKey.ofConfig(config)];
      return () => keys;
    }
    const before = previous?.config[id];
    const isSame = before && KEYS.every((key) => isSameConfig(before[key], config[key]));
    const known = isSame ? previous.remoteKeys.get(id) : undefined;
    const keys = known ?? this.newRemoteKeys(id, config);
    this.remoteKeys.set(id, keys);
    return (token) => keys.find(token);
  }

  private newRemoteKeys(
    id: string,
    { jwksUri, issuer = '', jwks, algorithms }: AuthProviderConfig,
  ): RemoteKeys {
    const { clock, http, keysRefreshed } = this.options;
    return new RemoteKeys({
      provider: id,
      algorithms: algorithms.filter(isPublicKeyAlgorithm),
      config: jwks,
      clock,
      endpoint: new KeyEndpoint(http, jwksUri, issuer, jwks.timeout),
      refreshed: keysRefreshed,
    });
  }
}
