import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { GatewayConfig, RouteConfig } from '../config/gateway-config.js';
import { Plugins } from '../plugins/plugins.service.js';
import { exchangeOf } from '../routing/exchange.js';
import { PluginHooks } from './plugin-hooks.js';

type RouteWithPlugins = Pick<RouteConfig, 'plugins'>;

/** Calls the plugins of a route. It never refuses by itself: a plugin that does has an answer of its own. */
@Injectable()
export class PluginGuard implements CanActivate {
  /** Compiled for each configuration, which may have other plugins for the same route. */
  private readonly compiled = new WeakMap<GatewayConfig, Map<RouteWithPlugins, PluginHooks>>();

  constructor(@Inject(Plugins) private readonly plugins: Plugins) {}

  /**
   * @returns a promise only when a plugin does
   * @throws PluginAnswer when a plugin answers
   * @throws ProblemError `plugin_failed`
   */
  canActivate(context: ExecutionContext): true | Promise<true> {
    const exchange = exchangeOf(context.getArgByIndex<Request>(0));
    if (!exchange?.route?.config.plugins.length) return true;
    const hooks = this.hooksOf(exchange.config, exchange.route.config);
    exchange.changeHead = hooks.changeHeadOf(exchange);
    return hooks.decide(exchange);
  }

  protected hooksOf(config: GatewayConfig, route: RouteWithPlugins): PluginHooks {
    let routes = this.compiled.get(config);
    if (!routes) this.compiled.set(config, (routes = new Map()));
    let hooks = routes.get(route);
    if (!hooks) {
      hooks = new PluginHooks(route.plugins.map((id) => this.plugins.get(config, id)));
      routes.set(route, hooks);
    }
    return hooks;
  }
}
