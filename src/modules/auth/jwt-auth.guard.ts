import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { RouteAuthConfig } from '../config/gateway-config.js';
import { type Exchange, exchangeOf } from '../routing/exchange.js';
import type { Identity } from '../routing/identity.js';
import { HandlerRules } from './auth-metadata.js';
import { AuthPolicy } from './auth-policy.js';
import { AuthProviders } from './auth-providers.js';
import { bearerToken } from './bearer-token.js';
import { refusal } from './challenge.js';
import { isSamePlace, type KeyPlaces, type PresentedKey, presentedKey } from './key-places.js';
import { parameterOf } from './query-parameter.js';
import { TokenVerifier } from './token-verifier.service.js';
import { isRefusal, type Refusal } from './unavailable.js';

const REQUIRED = new AuthPolicy({});

/**
 * Lets in who holds a valid token, on routes and on controllers of code alike. Secure by default: a route that says
 * nothing about `auth` requires a token as soon as a provider is configured; code that asks for this guard
 * requires one, whatever route of the configuration has its path, unless it is `@Public()`.
 */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  private readonly handlers = new HandlerRules();
  /** By what they were compiled from, so that a new configuration brings its own. */
  private readonly policies = new WeakMap<RouteAuthConfig, AuthPolicy>();

  constructor(
    @Inject(TokenVerifier) private readonly verifier: TokenVerifier,
    @Inject(AuthProviders) private readonly providers: AuthProviders,
  ) {}

  /**
   * @returns a promise only when the token cannot be judged at once
   * @throws ProblemError 401, 403 or 503, with `WWW-Authenticate` (RFC 6750 section 3)
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const req = context.switchToHttp().getRequest<Request>();
    const exchange = exchangeOf(req);
    const rule = this.handlers.of(context.getClass(), context.getHandler());
    const policy = rule === 'by-route' ? this.policyOf(exchange) : rule;
    const { keyPlaces } = this.providers;
    if (policy === 'none') {
      if (keyPlaces && exchange) keyPlaces.keepBack(exchange);
      return true;
    }
    if (keyPlaces && exchange) {
      const verdict = this.byApiKey(exchange, policy, keyPlaces);
      if (verdict !== undefined) {
        this.admit(verdict, policy, exchange);
        // Nobody has looked at a token beside the key.
        exchange.forwardAuthorization = policy.forward && exchange.keptBack?.except === 'authorization';
        return true;
      }
    }
    const { authorization } = req.headers;
    const token = bearerToken(authorization);
    if (token === undefined) {
      if (policy.optional && authorization === undefined && !this.hasTokenInQuery(exchange, policy))
        return true;
      return this.refuse(this.providers.takeTokens(policy.allowed) ? 'missing' : 'missing_api_key', policy);
    }
    const verdict = this.verifier.verify(token, policy.allowed);
    return verdict instanceof Promise
      ? verdict.then((each) => this.admit(each, policy, exchange))
      : this.admit(verdict, policy, exchange);
  }

  /** Whoever shows a token in a place where it does not count (RFC 6750 section 2.3) does not mean to be nobody. */
  private hasTokenInQuery(exchange: Exchange | undefined, { allowed }: AuthPolicy): boolean {
    const query = exchange?.head.query ?? '';
    if (query === '' || parameterOf(query, 'access_token') === undefined) return false;
    return this.providers.takeTokens(allowed);
  }

  /** A key counts before a token. @returns `undefined` when there is none */
  private byApiKey(
    exchange: Exchange,
    { allowed, forward }: AuthPolicy,
    places: KeyPlaces,
  ): Identity | Refusal | undefined {
    let shown: PresentedKey | undefined;
    let identity: Identity | undefined;
    for (const provider of this.providers.apiKeys) {
      if (allowed !== undefined && !allowed.has(provider.id)) continue;
      const key = presentedKey(exchange, provider);
      if (!key) continue;
      // Of two keys nobody can say which was meant.
      if (shown && !isSamePlace(shown.place, key.place)) return 'unknown_api_key';
      shown = key;
      identity ??= provider.find(key.value);
    }
    places.keepBack(exchange, forward ? shown?.place : undefined);
    return shown && (identity ?? 'unknown_api_key');
  }

  private admit(verdict: Identity | Refusal, policy: AuthPolicy, exchange: Exchange | undefined): true {
    if (isRefusal(verdict)) return this.refuse(verdict, policy);
    const lack = policy.lack(verdict);
    if (lack !== undefined) return this.refuse(lack, policy);
    if (exchange) {
      exchange.identity = verdict;
      exchange.forwardAuthorization = policy.forward;
    }
    return true;
  }

  private refuse(failure: Refusal, { allowed, scopeList: scopes }: AuthPolicy): never {
    const { providers } = this;
    providers.refused.emit(typeof failure === 'string' ? failure : failure.reason);
    throw refusal(failure, {
      tokens: providers.takeTokens(allowed),
      keys: providers.takeKeys(allowed),
      scopes,
    });
  }

  private policyOf(exchange: Exchange | undefined): 'none' | AuthPolicy {
    const route = exchange?.route;
    if (!route) return REQUIRED;
    const { auth } = route.config;
    if (auth === undefined) return this.providers.isEmpty ? 'none' : REQUIRED;
    if (auth === 'none') return 'none';
    let policy = this.policies.get(auth);
    if (!policy) this.policies.set(auth, (policy = new AuthPolicy(auth)));
    return policy;
  }
}
