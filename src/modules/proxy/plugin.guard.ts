import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { memoized } from '../../common/memoized.js';
import type { GatewayConfig, RouteConfig } from '../config/gateway-config.js';
import { Plugins } from '../plugins/plugins.service.js';
import { exchangeOf } from '../routing/exchange.js';
import { PluginHooks } from './plugin-hooks.js';

/** Calls the plugins of a route. It never refuses by itself: a plugin that does has an answer of its own. */
@Injectable()
export class PluginGuard implements CanActivate {
  /** Another configuration may have other plugins for the same route. */
  protected readonly hooksIn = memoized((config: GatewayConfig) =>
    memoized(
      (route: Pick<RouteConfig, 'plugins'>) =>
        new PluginHooks(route.plugins.map((id) => this.plugins.get(config, id))),
    ),
  );

  constructor(@Inject(Plugins) private readonly plugins: Plugins) {}

  /**
   * @returns a promise only when a plugin does
   * @throws PluginAnswer when a plugin answers
   * @throws ProblemError `plugin_failed`
   */
  canActivate(context: ExecutionContext): true | Promise<true> {
    const exchange = exchangeOf(context.getArgByIndex<Request>(0));
    if (!exchange?.route?.config.plugins.length) return true;
    const hooks = this.hooksIn(exchange.config)(exchange.route.config);
    exchange.changeHead = hooks.changeHeadOf(exchange);
    return hooks.decide(exchange);
  }
}
