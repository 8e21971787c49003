import { type CanActivate, type ExecutionContext, Inject, Injectable, type Type } from '@nestjs/common';
import { GUARDS_METADATA, METHOD_METADATA, SSE_METADATA } from '@nestjs/common/constants.js';
import { HttpAdapterHost, ModulesContainer, Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { isEventStream, valueOf } from '../../../common/http/response-headers.js';
import { ConcurrencyLimits } from '../../rate-limit/concurrency-limits.service.js';
import { tellClient, Unlimited } from '../../rate-limit/rate-limit.decorator.js';
import { whenCounted } from '../../rate-limit/rate-limit.guard.js';
import { RateLimits } from '../../rate-limit/rate-limits.service.js';
import { CodeRouteMetadata } from '../../routing/code-route.js';
import { type Exchange, exchangeOf } from '../../routing/exchange.js';
import { changeHeadOf } from './code-head.js';
import { methodsOf } from './code-routes.js';
import { CodeStagesGuard } from './code-stages.guard.js';
import { ProxyController } from '../proxy.controller.js';
import { ReplyWriter } from '../reply-writer.js';

type Handler = ReturnType<ExecutionContext['getHandler']>;

const reflector = new Reflector();

/** By Express application: guards belong to classes, which several applications of a process may have. */
const byApplication = new WeakMap<object, CodeLimits>();

/**
 * Applies `server.rateLimit` and `server.limits` to handlers of code, which have no `LimitedForwardedRoute`. Before the
 * controllers are mounted, it adds the guards that `@UseGuards` would add: those that run first to the classes, and those
 * that run last, when the user is known, to the handlers.
 */
@Injectable()
export class CodeLimits {
  constructor(
    @Inject(ModulesContainer) modules: ModulesContainer,
    @Inject(HttpAdapterHost) { httpAdapter }: HttpAdapterHost,
    @Inject(RateLimits) private readonly rates: RateLimits,
    @Inject(ConcurrencyLimits) private readonly concurrency: ConcurrencyLimits,
    @Inject(ReplyWriter) private readonly reply: ReplyWriter,
  ) {
    // A program without a server has none.
    const application = httpAdapter?.getInstance<object | undefined>();
    if (!application) return;
    byApplication.set(application, this);
    for (const { controllers } of modules.values())
      for (const { metatype } of controllers.values())
        // A controller is never made by a factory.
        if (typeof metatype === 'function') guard(metatype as Type);
  }

  /** @throws ProblemError `rate_limited` or `too_many_concurrent` */
  enterAddress(exchange: Exchange): boolean | Promise<boolean> {
    return whenCounted(this.rates.beforeAuth(exchange), () => {
      tellClient(exchange.res, exchange.rateLimit);
      this.concurrency.enterAddress(exchange);
      return true;
    });
  }

  /** @throws ProblemError `rate_limited` or `too_many_concurrent` */
  enterUser(exchange: Exchange, context: ExecutionContext): boolean | Promise<boolean> {
    const handler = context.getHandler();
    return whenCounted(this.rates.afterAuth(exchange), () => {
      tellClient(exchange.res, exchange.rateLimit);
      const limits = reflector.get(CodeRouteMetadata, handler)?.config?.limits;
      const name = `${context.getClass().name}.${handler.name}`;
      this.concurrency.enterUser(exchange, { limit: limits?.requestsPerUser, name });
      if (Reflect.getMetadata(SSE_METADATA, handler) === true) this.concurrency.openStream(exchange);
      else if (exchange.config.server.limits.streamsPerUser !== undefined) this.watchForStream(exchange);
      return true;
    });
  }

  /** A handler can write an event stream by hand, which only its head tells. */
  private watchForStream(exchange: Exchange): void {
    changeHeadOf(exchange, (head, send) => {
      const isStream = isEventStream({ 'content-type': valueOf(head.lines, 'content-type') });
      if (!isStream || this.reply.admitStream(exchange)) send(head);
    });
  }
}

const ADDRESS_GUARD = guardBy('enterAddress');
const USER_GUARD = guardBy('enterUser');

function guardBy(enter: 'enterAddress' | 'enterUser'): CanActivate {
  return {
    canActivate(context) {
      if (context.getType() !== 'http') return true;
      const req = context.getArgByIndex<Request>(0);
      const exchange = exchangeOf(req);
      const limits = exchange && byApplication.get(req.app);
      return limits ? limits[enter](exchange, context) : true;
    },
  };
}

function guard(controller: Type): void {
  if (controller === ProxyController || reflector.get(Unlimited, controller)) return;
  const ofClass = guardsOf(controller);
  if (!ofClass.includes(ADDRESS_GUARD))
    Reflect.defineMetadata(GUARDS_METADATA, [ADDRESS_GUARD, ...ofClass], controller);
  const prototype = controller.prototype as Record<string, Handler>;
  for (const name of methodsOf(prototype)) {
    const handler = prototype[name];
    if (!handler || !Reflect.hasMetadata(METHOD_METADATA, handler)) continue;
    const ofHandler = guardsOf(handler);
    if (ofHandler.includes(USER_GUARD)) continue;
    // Plugins see no request that a limit refuses.
    const at = ofHandler.indexOf(CodeStagesGuard);
    const guards = ofHandler.toSpliced(at === -1 ? ofHandler.length : at, 0, USER_GUARD);
    Reflect.defineMetadata(GUARDS_METADATA, guards, handler);
  }
}

/** @returns what `@UseGuards` has stored: classes and objects */
function guardsOf(place: object): readonly unknown[] {
  return (Reflect.getMetadata(GUARDS_METADATA, place) as readonly unknown[] | undefined) ?? [];
}
