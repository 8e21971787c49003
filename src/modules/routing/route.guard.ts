import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { ProblemError } from '../../common/errors/problem.js';
import { exchangeOf } from './exchange.js';

/** Accepts only well-formed requests that match a route and keep its rules. Controllers of code do not use it. */
@Injectable()
export class RouteGuard implements CanActivate {
  /** @throws ProblemError why the request was refused, what the rules of the route say, `no_route`, or `method_not_allowed` with `Allow` */
  canActivate(context: ExecutionContext): boolean {
    const exchange = exchangeOf(context.switchToHttp().getRequest<Request>());
    if (!exchange) throw new ProblemError('no_route');
    if (exchange.refusal) throw exchange.refusal;
    const { match } = exchange.head;
    switch (match.kind) {
      case 'route':
        match.route.rules?.(exchange);
        return true;
      case 'method-not-allowed':
        throw new ProblemError('method_not_allowed', { headers: { Allow: match.allow.join(', ') } });
      case 'none':
        throw new ProblemError('no_route');
    }
  }
}
