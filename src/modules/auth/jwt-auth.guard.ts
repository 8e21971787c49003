import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { RouteAuthConfig } from '../config/gateway-config.js';
import { type Exchange, exchangeOf } from '../routing/exchange.js';
import type { Identity } from '../routing/identity.js';
import { parameterOf } from './api-keys.js';
import { AuthPolicy, type HandlerRule, HandlerRules, REQUIRED } from './auth-policy.js';
import { AuthProviders } from './auth-providers.js';
import { bearerToken } from './bearer-token.js';
import type { HandshakeToken } from './handshake-tokens.js';
import type { ProviderSet } from './provider-set.js';
import { isRefusal, missing, type Refusal, refusalProblem } from './refusal.js';
import { TokenVerifier } from './token-verifier.service.js';

/**
 * Lets in requests with a valid credential, on routes and on controllers of code. Secure by default: a route that says
 * nothing about `auth` requires a token as soon as a provider is configured. Code that uses this guard requires one,
 * whatever route of the configuration has the same path, unless it is `@Public()`.
 */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  private readonly handlers = new HandlerRules(JwtAuthGuard);
  /** By config, so that a new configuration brings its own. */
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
    const exchange = exchangeOf(context.switchToHttp().getRequest<Request>());
    // Without a record of the request nobody knows which configuration applies, so nobody is let in.
    if (!exchange) return false;
    const rule = this.handlers.of(context.getClass(), context.getHandler());
    const providers = this.providersFor(exchange);
    const { apiKeys, plugins, handshakeTokens } = providers;
    const policy = this.policyOf(rule, exchange, providers);
    // On public routes, too, neither an API key nor a cookie with a token must reach the upstream.
    const byKey = apiKeys?.take(exchange, policy);
    plugins?.keepBack(exchange, policy);
    if (policy === 'none') {
      handshakeTokens.keepBack(exchange);
      return true;
    }
    const mayShow = rule === 'by-route' && (exchange.route?.config.websocket || handshakeTokens.hasCookies);
    const shown = mayShow ? handshakeTokens.take(exchange, policy) : undefined;
    // An API key counts before what plugins verify, and that before a token.
    if (byKey !== undefined) return this.admit(byKey, policy, exchange);
    if (!plugins) return this.byToken(shown, exchange, policy, providers);
    const admit = (verdict: Identity | Refusal | undefined) => {
      if (verdict === undefined) return this.byToken(shown, exchange, policy, providers);
      exchange.forwardAuthorization = policy.forward;
      return this.admit(verdict, policy, exchange);
    };
    const byPlugin = plugins.identify(exchange, policy.allowed);
    return byPlugin instanceof Promise ? byPlugin.then(admit) : admit(byPlugin);
  }

  private byToken(
    shown: HandshakeToken | 'malformed' | undefined,
    exchange: Exchange,
    policy: AuthPolicy,
    providers: ProviderSet,
  ): boolean | Promise<boolean> {
    if (shown === 'malformed') return this.refuse(shown, policy, exchange);
    const { authorization } = exchange.req.headers;
    const token = shown?.token ?? bearerToken(authorization);
    // A token counts before the certificate, which clients show with each request.
    if (providers.certificates && (token === undefined || !providers.acceptTokens(policy.allowed))) {
      const byCertificate = providers.certificates.identify(exchange.req.socket, policy.allowed);
      if (byCertificate !== undefined) {
        // Nobody verifies a token beside a certificate, so it does not go on.
        exchange.forwardAuthorization = policy.forward;
        return this.admit(byCertificate, policy, exchange);
      }
    }
    if (token === undefined) {
      const isAnonymous = authorization === undefined && !hasTokenInQuery(exchange, policy, providers);
      if (policy.optional && isAnonymous) return true;
      return this.refuse(missing(providers.accepted(policy, exchange)), policy, exchange);
    }
    exchange.forwardAuthorization = policy.forward;
    if (shown) providers.handshakeTokens.use(shown, exchange, policy);
    const verdict = this.verifier.verify(token, (shown ?? policy).allowed, providers);
    return verdict instanceof Promise
      ? verdict.then((each) => this.admit(each, policy, exchange))
      : this.admit(verdict, policy, exchange);
  }

  /** @returns those of the configuration that the request began with */
  private providersFor({ config }: Exchange): ProviderSet {
    return this.providers.sets.get(config) ?? this.providers.current;
  }

  private policyOf(rule: HandlerRule, { route }: Exchange, { isEmpty }: ProviderSet): 'none' | AuthPolicy {
    if (rule === 'by-default') return isEmpty ? 'none' : REQUIRED;
    if (rule !== 'by-route') return rule;
    if (!route) return REQUIRED;
    const { auth } = route.config;
    if (auth === undefined) return isEmpty ? 'none' : REQUIRED;
    if (auth === 'none') return 'none';
    let policy = this.policies.get(auth);
    if (!policy) this.policies.set(auth, (policy = new AuthPolicy(auth)));
    return policy;
  }

  private admit(verdict: Identity | Refusal, policy: AuthPolicy, exchange: Exchange): true {
    if (isRefusal(verdict)) return this.refuse(verdict, policy, exchange);
    const lack = policy.lack(verdict);
    if (lack !== undefined) return this.refuse(lack, policy, exchange);
    exchange.identity = verdict;
    exchange.trace?.events?.add('breakwater.auth', { 'breakwater.provider': verdict.provider });
    return true;
  }

  private refuse(refusal: Refusal, policy: AuthPolicy, exchange: Exchange): never {
    const reason = typeof refusal === 'string' ? refusal : refusal.reason;
    exchange.authFailure = reason;
    exchange.trace?.events?.add('breakwater.auth');
    this.providers.refused.emit(reason);
    throw refusalProblem(refusal, this.providersFor(exchange).accepted(policy, exchange));
  }
}

/** A client that sends a token where it does not count (RFC 6750 section 2.3) does not mean to be anonymous. */
function hasTokenInQuery({ head }: Exchange, { allowed }: AuthPolicy, providers: ProviderSet): boolean {
  return parameterOf(head.query, 'access_token') !== undefined && providers.acceptTokens(allowed);
}
