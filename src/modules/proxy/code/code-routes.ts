import { Inject, Injectable, Logger, type OnModuleInit, RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, MODULE_PATH, PATH_METADATA, VERSION_METADATA } from '@nestjs/common/constants.js';
import { HttpAdapterHost, ModulesContainer, Reflector } from '@nestjs/core';
import type { Express } from 'express';
import { codeRouteProblems } from '../../config/code-route.js';
import { type ConfigApplier, ConfigRefusedError, ConfigStore } from '../../config/config.store.js';
import type { GatewayConfig, RouteConfig } from '../../config/gateway-config.js';
import { effectiveMethods } from '../../config/match-key.js';
import { Plugins } from '../../plugins/plugins.service.js';
import { CodeRouteMetadata, patternOf } from '../../routing/code-route.js';
import { ExchangeMiddleware } from '../../routing/exchange.middleware.js';
import { layersOf } from '../../server/express.patch.js';
import { HttpServerAdapter } from '../../server/http-server.adapter.js';
import {
  type CodeHandler,
  type CodeRouteEntry,
  handlersFinder,
  isRoute,
  type MountedRoute,
  versionProblems,
} from './code-route-finder.js';

type Handler = (...args: never[]) => unknown;

/** The handlers of all controllers. The configuration cannot hide them, and says so where it tries. */
@Injectable()
export class CodeRoutes implements OnModuleInit, ConfigApplier {
  /** In the order in which Express asks them. */
  entries: readonly CodeRouteEntry[] = [];
  /** Finds the handlers that may get a request, one for each version, without Express. */
  handlersOf: ReturnType<typeof handlersFinder> = () => [];
  private readonly logger = new Logger(CodeRoutes.name);
  private readonly reflector = new Reflector();

  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(ConfigStore) private readonly config: ConfigStore,
    @Inject(Plugins) private readonly plugins: Plugins,
    @Inject(ExchangeMiddleware) private readonly exchanges: ExchangeMiddleware,
  ) {}

  /** @throws TypeError for options of `@GatewayRoute()` that are invalid: all of them, each with its handler */
  onModuleInit(): void {
    const mounted = this.mounted();
    const handlers = [...this.modules.values()]
      .flatMap(({ metatype: module, controllers }) =>
        // A controller without a class has no handlers.
        [...controllers.values()].flatMap(({ metatype }) =>
          this.handlersIn(metatype as Type, this.pathOfModule(module), mounted),
        ),
      )
      .filter(({ entry }) => !entry.path.startsWith('/ '));
    this.entries = handlers.map(({ entry }) => entry);
    const problems = [...this.problemsWith(this.config.current), ...versionProblems(handlers)];
    if (problems.length > 0) throw new TypeError(problems.join('\n'));
    if (!(this.host.httpAdapter instanceof HttpServerAdapter)) this.refuseOptions();
    this.handlersOf = handlersFinder(handlers, mounted);
    if (handlers.some(({ route }) => route !== undefined))
      this.exchanges.codeOf = (input) => this.handlersOf(input)[0]?.route?.config;
    this.warnOfClashes(this.config.current);
    this.config.register(this);
  }

  /** @throws ConfigRefusedError when a handler needs a provider or a plugin that the next configuration does not have */
  prepare(next: GatewayConfig): () => void {
    const problems = this.problemsWith(next);
    if (problems.length > 0) throw new ConfigRefusedError(problems.join('; '));
    return () => this.warnOfClashes(next);
  }

  private problemsWith(config: GatewayConfig): string[] {
    const providers = Object.keys(config.auth);
    const plugins = new Map(
      Object.keys(config.plugins).map((id) => [id, this.plugins.get(config, id).opened.hooks !== undefined]),
    );
    return this.entries.flatMap(({ handler, options, path: mountedAt }) =>
      options === undefined
        ? []
        : codeRouteProblems(options, { providers, plugins, pattern: patternOf(mountedAt) }).map(
            ({ path, message }) => `${handler}: @GatewayRoute ${path === '' ? '' : `${path}: `}${message}`,
          ),
    );
  }

  /** Without the adapter there is no exchange, and most options would have no effect. */
  private refuseOptions(): void {
    const decorated = this.entries.find(({ options }) => options !== undefined);
    if (decorated && this.host.httpAdapter)
      throw new TypeError(
        `${decorated.handler}: @GatewayRoute needs NestFactory.create(AppModule, new BreakwaterAdapter())`,
      );
  }

  private warnOfClashes({ routes }: GatewayConfig): void {
    for (const { handler, method, path } of this.entries) {
      const hidden = routes.find((route) => isSamePlace(route, method, path));
      if (hidden)
        this.logger.warn({
          message: 'a controller of code hides a route',
          handler,
          method,
          path,
          route: hidden.id,
        });
    }
  }

  /** @returns what `RouterModule` has stored for a module */
  private pathOfModule(module: object): string {
    const places = [MODULE_PATH + this.modules.applicationId, MODULE_PATH];
    const found = places.map((key) => Reflect.getMetadata(key, module) as string | undefined);
    return found.find((path) => path !== undefined) ?? '';
  }

  private handlersIn(controller: Type, below: string, mounted: readonly MountedRoute[]): CodeHandler[] {
    const prototype = controller.prototype as Record<string, Handler>;
    const prefixes = pathsOf(controller).map((path) => joined(below, path));
    return methodsOf(prototype).flatMap((name) => {
      const handler = prototype[name];
      const method = handler && (Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined);
      if (!handler || method === undefined) return [];
      const route = this.reflector.get(CodeRouteMetadata, handler);
      const versions = versionsOf(handler) ?? versionsOf(controller) ?? [];
      return prefixes
        .flatMap((prefix) => pathsOf(handler).map((path) => joined(prefix, path)))
        .flatMap((path) => mountedPaths(path, versions, mounted))
        .map((path) => ({
          route,
          versions,
          entry: {
            handler: `${controller.name}.${name}`,
            method: RequestMethod[method],
            path,
            ...(route && { options: route.options }),
          },
        }));
    });
  }

  /** @returns the routes of Express, in the order in which it asks them */
  private mounted(): readonly MountedRoute[] {
    const { httpAdapter } = this.host;
    if (!(httpAdapter instanceof HttpServerAdapter)) return [];
    return layersOf(httpAdapter.getInstance<Express>()).filter(isRoute);
  }
}

/** @returns the paths of a handler behind a global prefix and versions, if the application has them in its paths */
function mountedPaths(
  path: string,
  versions: readonly string[],
  mounted: readonly MountedRoute[],
): readonly string[] {
  const ending = (end: string) =>
    mounted
      .map(({ route }) => route.path)
      .filter((each) => each.endsWith(end))
      .toSorted((a, b) => a.length - b.length)
      .slice(0, 1);
  const behindVersions = versions.flatMap((version) => ending(version + path));
  if (behindVersions.length > 0) return behindVersions;
  const [found = path] = ending(path);
  return [found];
}

/** @returns what `@Version()` or `@Controller()` has stored; `VERSION_NEUTRAL` is an empty text */
function versionsOf(target: object): readonly string[] | undefined {
  const versions = Reflect.getMetadata(VERSION_METADATA, target) as unknown;
  return versions === undefined
    ? undefined
    : [versions].flat().map((each) => (typeof each === 'string' ? each : ''));
}

/** Own methods first, then those of the classes that it extends. */
export function methodsOf(prototype: object): string[] {
  const names = new Set<string>();
  for (let each = prototype; each !== Object.prototype; each = Object.getPrototypeOf(each) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(each)))
      if (typeof value === 'function' && name !== 'constructor') names.add(name);
  }
  return [...names];
}

function pathsOf(target: object): string[] {
  // What `@Controller` and `@Get` store.
  const paths = Reflect.getMetadata(PATH_METADATA, target) as string | readonly string[] | undefined;
  return [paths ?? ''].flat();
}

function joined(...parts: readonly string[]): string {
  return `/${parts.join('/')}`.replaceAll(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
}

/** Whether a route takes nothing that the handler does not take before it. */
function isSamePlace({ match }: RouteConfig, method: string, path: string): boolean {
  const isSamePath = match.path.replaceAll(/\{[^}]*\}/g, ':') === path.replaceAll(/:\w+/g, ':');
  const methods = effectiveMethods(match);
  return isSamePath && (method === 'ALL' || methods.size === 0 || methods.has(method));
}
