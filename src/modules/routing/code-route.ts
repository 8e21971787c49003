import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import type { Clock } from '../../common/clock.js';
import { compileHeaderRules, type HeaderRules } from '../../common/http/header-rules.js';
import { inherited } from '../../common/http/inherited.js';
import { Deadline } from '../../common/resilience/deadline.js';
import type { CodeRouteConfig, CodeRouteOptions } from '../config/code-route.js';
import { CLOCK } from '../config/config.tokens.js';
import { codeRouteSchema } from '../config/schema/route.js';
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

/** @returns a path of Express in the form of `match.path` */
export function patternOf(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}').replace(/\/?\{?\/?\*\w+\}?$/, '/**');
}

const compiledRules = new WeakMap<CodeRouteConfig, Map<string, HeaderRulesOfRoute>>();

interface HeaderRulesOfRoute {
  readonly request: HeaderRules | undefined;
  readonly response: HeaderRules | undefined;
}

/** @param path of the handler, as Express matches it: a handler can have several */
export function headerRulesOf(config: CodeRouteConfig, path: string): HeaderRulesOfRoute {
  let byPath = compiledRules.get(config);
  if (!byPath) compiledRules.set(config, (byPath = new Map()));
  let rules = byPath.get(path);
  if (!rules) {
    const { request, response } = config.headers ?? {};
    const pattern = patternOf(path);
    rules = {
      request: request && compileHeaderRules(request, pattern),
      response: response && compileHeaderRules(response, pattern),
    };
    byPath.set(path, rules);
  }
  return rules;
}

export function compileCodeRoute(options: CodeRouteOptions): CodeRoute {
  const { data: config } = codeRouteSchema.safeParse(options);
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
    if (exchange) {
      // The one of another version was found by the same path.
      if (route.config && route.config !== exchange.head.code)
        exchange.head = { ...exchange.head, code: route.config };
      route.rules?.(exchange);
    }
    const calls = inherited.getStore();
    const timeout = route.config?.timeout;
    if (calls && timeout !== undefined) {
      calls.deadline = new Deadline(this.clock, timeout);
      calls.deadline.start();
    }
    return true;
  }
}
