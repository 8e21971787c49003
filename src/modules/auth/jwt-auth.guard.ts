import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { ProblemError } from '../../common/errors/problem.js';
import type { RouteAuthConfig } from '../config/gateway-config.js';
import { exchangeOf } from '../routing/exchange.js';
import type { RouteModel } from '../routing/route.model.js';
import { TokenVerifier } from './token-verifier.service.js';

const BEARER = /^bearer +([^\s]+) *$/i;
const REALM = 'Bearer realm="breakwater"';
const REQUIRED: RouteAuthConfig = { optional: false, forward: false };

/**
 * Lets in who holds a valid token, on routes and on controllers of code alike. Secure by default: what says
 * nothing about `auth` requires a token as soon as a provider is configured; code that asks for this guard
 * always requires one.
 */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  constructor(@Inject(TokenVerifier) private readonly verifier: TokenVerifier) {}

  /** @throws ProblemError `token_missing` or `token_invalid`, with `WWW-Authenticate` (RFC 6750 section 3) */
  canActivate(context: ExecutionContext): boolean {
    const req = context.switchToHttp().getRequest<Request>();
    const exchange = exchangeOf(req);
    const policy = this.policyOf(exchange?.route);
    if (policy === 'none') return true;
    const token = BEARER.exec(req.headers.authorization ?? '')?.[1];
    if (token === undefined) {
      if (policy.optional && req.headers.authorization === undefined) return true;
      throw new ProblemError('token_missing', { headers: { 'WWW-Authenticate': REALM } });
    }
    const identity = this.verifier.verify(token, policy.provider);
    if (!identity) {
      const description =
        'The token is expired, not yet valid, not meant for this service, or not signed by its issuer';
      throw new ProblemError('token_invalid', {
        detail: description,
        headers: {
          'WWW-Authenticate': `${REALM}, error="invalid_token", error_description="${description}"`,
        },
      });
    }
    if (exchange) {
      exchange.identity = identity;
      exchange.forwardAuthorization = policy.forward;
    }
    return true;
  }

  private policyOf(route: RouteModel | undefined): 'none' | RouteAuthConfig {
    if (!route) return REQUIRED;
    return route.auth ?? (this.verifier.hasProviders ? REQUIRED : 'none');
  }
}
