import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import type { Clock } from '../../common/clock.js';
import { inherited } from '../../common/http/inherited.js';
import { Deadline } from '../../common/resilience/deadline.js';
import { type CodeRouteConfig, type CodeRouteOptions, parseCodeRoute } from '../config/code-route.js';
import { CLOCK } from '../config/config.tokens.js';
import { exchangeOf } from './exchange.js';
import { compileRules, type RouteRule } from './route-rules.js';

/** What `@GatewayRoute()` says of a handler, compiled when its class is defined. */
export interface CodeRoute {
  readonly options: CodeRouteOptions;
  /** `undefined` for invalid options, with which the application does not start. */
  readonly config: CodeRouteConfig | undefined;
  readonly rules: RouteRule | undefined;
}

export const CodeRouteMetadata = Reflector.createDecorator<CodeRoute>();

export function compileCodeRoute(options: CodeRouteOptions): CodeRoute {
  const config = parseCodeRoute(options);
  return { options, config, rules: config && compileRules(config) };
}

/** Applies the rules of a handler that come before authentication, and starts the time that its calls have. */
@Injectable()
export class CodeRouteGuard implements CanActivate {
  private readonly reflector = new Reflector();

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** @throws ProblemError what the rules say */
  canActivate(context: ExecutionContext): boolean {
    const route = this.reflector.get(CodeRouteMetadata, context.getHandler());
    const exchange = exchangeOf(context.switchToHttp().getRequest<Request>());
    if (exchange) route.rules?.(exchange);
    const calls = inherited.getStore();
    const timeout = route.config?.timeout;
    if (calls && timeout !== undefined) {
      calls.deadline = new Deadline(this.clock, timeout);
      calls.deadline.start();
    }
    return true;
  }
}
