import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { NEVER, type Observable } from 'rxjs';
import { CodeRouteMetadata } from '../../routing/code-route.js';
import { exchangeOf } from '../../routing/exchange.js';
import { injectFault } from '../fault.js';

/** Delays or fails a share of the calls of a handler of code, behind its cache, as a drill. */
@Injectable()
export class CodeFaultInterceptor implements NestInterceptor {
  private readonly reflector = new Reflector();

  /** @throws ProblemError `fault_injected` */
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const exchange = exchangeOf(context.switchToHttp().getRequest<Request>());
    const fault = this.reflector.get(CodeRouteMetadata, context.getHandler()).config?.fault;
    const isWaiting = !exchange || !fault || (await injectFault(exchange, fault));
    return isWaiting ? next.handle() : NEVER;
  }
}
