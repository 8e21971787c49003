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
import { isRefusal, type Refusal, refusalProblem } from './refusal.js';
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
    const req = context.switchToHttp().getRequest<Request>();
    const exchange = exchangeOf(req);
    const rule = this.handlers.of(context.getClass(), context.getHandler());
    const providers = this.providersFor(exchange);
    const policy = this.policyOf(rule, exchange, providers);
    // An API key counts before what plugins verify, and that before a token. On public routes, too, neither it nor a cookie with a token must reach the upstream.
    const byKey = exchange && providers.apiKeys?.take(exchange, policy);
    if (exchange) providers.plugins?.keepBack(exchange, policy);
    if (policy === 'none') {
      if (exchange) providers.handshakeTokens.keepBack(exchange);
      return true;
    }
    const shown =
      rule === 'by-route' && exchange ? takeFromHandshake(exchange, policy, providers) : undefined;
    if (byKey !== undefined) return this.admit(byKey, policy, exchange);
    if (!exchange || !providers.plugins) return this.byToken(req, shown, policy, providers);
    const admit = (verdict: Identity | Refusal | undefined) => {
      if (verdict === undefined) return this.byToken(req, shown, policy, providers);
      exchange.forwardAuthorization = policy.forward;
      return this.admit(verdict, policy, exchange);
    };
    const byPlugin = providers.plugins.identify(exchange, policy.allowed);
    return byPlugin instanceof Promise ? byPlugin.then(admit) : admit(byPlugin);
  }

  private byToken(
    req: Request,
    shown: HandshakeToken | 'malformed' | undefined,
    policy: AuthPolicy,
    providers: ProviderSet,
  ): boolean | Promise<boolean> {
    const exchange = exchangeOf(req);
    const { authorization } = req.headers;
    if (shown === 'malformed') return this.refuse(shown, policy, exchange);
    const token = shown?.token ?? bearerToken(authorization);
    // A token counts before the certificate, which clients show with each request.
    if (providers.certificates && (token === undefined || !providers.acceptTokens(policy.allowed))) {
      const byCertificate = providers.certificates.identify(req.socket, policy.allowed);
      if (byCertificate !== undefined) {
        // Nobody verifies a token beside a certificate, so it does not go on.
        if (exchange) exchange.forwardAuthorization = policy.forward;
        return this.admit(byCertificate, policy, exchange);
      }
    }
    if (token === undefined) {
      const isAnonymous = authorization === undefined && !this.hasTokenInQuery(exchange, policy);
      if (policy.optional && isAnonymous) return true;
      return this.refuse(missingOf(policy, providers), policy, exchange);
    }
    if (exchange) exchange.forwardAuthorization = policy.forward;
    if (exchange && shown) providers.handshakeTokens.use(shown, exchange, policy);
    const verdict = this.verifier.verify(token, (shown ?? policy).allowed, providers);
    return verdict instanceof Promise
      ? verdict.then((each) => this.admit(each, policy, exchange))
      : this.admit(verdict, policy, exchange);
  }

  /** @returns those of the configuration that the request began with */
  private providersFor(exchange: Exchange | undefined): ProviderSet {
    return (exchange && this.providers.sets.get(exchange.config)) ?? this.providers.current;
  }

  private policyOf(
    rule: HandlerRule,
    exchange: Exchange | undefined,
    { isEmpty }: ProviderSet,
  ): 'none' | AuthPolicy {
    if (rule === 'by-default') return isEmpty ? 'none' : REQUIRED;
    if (rule !== 'by-route') return rule;
    if (!exchange?.route) return REQUIRED;
    const { auth } = exchange.route.config;
    if (auth === undefined) return isEmpty ? 'none' : REQUIRED;
    if (auth === 'none') return 'none';
    let policy = this.policies.get(auth);
    if (!policy) this.policies.set(auth, (policy = new AuthPolicy(auth)));
    return policy;
  }

  /** A client that sends a token where it does not count (RFC 6750 section 2.3) does not mean to be anonymous. */
  private hasTokenInQuery(exchange: Exchange | undefined, { allowed }: AuthPolicy): boolean {
    if (!exchange || parameterOf(exchange.head.query, 'access_token') === undefined) return false;
    return this.providersFor(exchange).acceptTokens(allowed);
  }

  private admit(verdict: Identity | Refusal, policy: AuthPolicy, exchange: Exchange | undefined): true {
    if (isRefusal(verdict)) return this.refuse(verdict, policy, exchange);
    const lack = policy.lack(verdict);
    if (lack !== undefined) return this.refuse(lack, policy, exchange);
    if (exchange) exchange.identity = verdict;
    exchange?.trace?.events?.add('breakwater.auth', { 'breakwater.provider': verdict.provider });
    return true;
  }

  private refuse(
    refusal: Refusal,
    { allowed, scopeList }: AuthPolicy,
    exchange: Exchange | undefined,
  ): never {
    const providers = this.providersFor(exchange);
    const reason = typeof refusal === 'string' ? refusal : refusal.reason;
    if (exchange) exchange.authFailure = reason;
    exchange?.trace?.events?.add('breakwater.auth');
    this.providers.refused.emit(reason);
    throw refusalProblem(refusal, {
      tokens: providers.acceptTokens(allowed),
      keys: providers.apiKeys?.accepts(allowed) ?? false,
      certificates: providers.certificates?.accepts(allowed) ?? false,
      challenges: (exchange && providers.plugins?.challenges(exchange, allowed)) ?? [],
      scopes: scopeList,
    });
  }
}

/** @returns what a client should have sent */
function missingOf({ allowed }: AuthPolicy, providers: ProviderSet): Refusal {
  if (providers.acceptTokens(allowed)) return 'missing';
  if (!providers.apiKeys?.accepts(allowed) && providers.plugins?.accepts(allowed))
    return 'missing_credential';
  const isByCertificate = !providers.apiKeys?.accepts(allowed) && providers.certificates?.accepts(allowed);
  return isByCertificate ? 'missing_certificate' : 'missing_api_key';
}

function takeFromHandshake(
  exchange: Exchange,
  policy: AuthPolicy,
  { handshakeTokens }: ProviderSet,
): HandshakeToken | 'malformed' | undefined {
  const mayHaveToken = exchange.route?.config.websocket !== undefined || handshakeTokens.hasCookies;
  return mayHaveToken ? handshakeTokens.take(exchange, policy) : undefined;
}
