import {
  type BeforeApplicationShutdown,
  ConfigurableModuleBuilder,
  type DynamicModule,
  Inject,
  type INestApplication,
  type InjectionToken,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Server } from 'node:http';
import { AppModule } from './app.module.js';
import { createManagement } from './management.js';
import { ConfigModule } from './modules/config/config.module.js';
import { ConfigStore } from './modules/config/config.store.js';
import type { ConfigFileOptions } from './modules/config/load-or-throw.js';
import { CallFilter } from './modules/proxy/problem.filter.js';
import { Lifecycle } from './modules/server/lifecycle.js';
import { UpstreamModule } from './modules/upstream/upstream.module.js';
import { PublicServer } from './public-server.js';

export interface BreakwaterOptions extends ConfigFileOptions {
  /** Serves the management port of the configuration. Default: false. */
  readonly management?: boolean;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<BreakwaterOptions>().setClassMethodName('forRoot').build();

/**
 * The gateway as a part of another Nest application. The routes of the configuration are served by the server of that
 * application, behind its own controllers; they need `NestFactory.create(AppModule, new BreakwaterAdapter())`.
 * `enableShutdownHooks()` lets requests in flight finish.
 */
@Module({})
export class BreakwaterModule
  extends ConfigurableModuleClass
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  /** Where the management port answers, once the application is initialised; `undefined` without `management`. */
  managementUrl: string | undefined;
  private management: INestApplication<Server> | undefined;

  constructor(
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: BreakwaterOptions,
    @Inject(ConfigStore) private readonly config: ConfigStore,
    @Inject(Lifecycle) private readonly lifecycle: Lifecycle,
    @Inject(PublicServer) private readonly server: PublicServer,
    @Inject(ModuleRef) private readonly modules: ModuleRef,
  ) {
    super();
  }

  /** @throws InvalidConfigError while the application starts, when the configuration has problems */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return withGateway(super.forRoot(options));
  }

  /** As `forRoot`, with options that another module provides. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withGateway(super.forRootAsync(options));
  }

  /**
   * The module of one upstream: it exports the upstream's `UpstreamProxy` (`@InjectUpstream(id)`), an `HttpService` that
   * calls it, and its health indicator (`@InjectUpstreamHealth(id)`). The application does not start when no upstream has
   * this id.
   *
   * @param id the upstream's key under `upstreams`
   */
  static forFeature(id: string): DynamicModule {
    return UpstreamModule.forFeature(id);
  }

  async onApplicationBootstrap(): Promise<void> {
    const { management, server } = this.config.current;
    if (server.workers !== 1)
      new Logger(BreakwaterModule.name).warn(
        'server.workers is ignored: only `breakwater start` starts workers',
      );
    if (this.options.management) {
      const gateway = {
        get: <T>(token: InjectionToken<T>): T => this.modules.get<T>(token, { strict: false }),
      };
      this.management = await createManagement({ gateway }, this.config, { abortOnError: false });
      await this.management.listen(management.port, management.host);
      this.managementUrl = await this.management.getUrl();
    }
    this.lifecycle.phase = 'serving';
  }

  /** Nest closes the server afterwards. Only a load balancer, which sends SIGTERM, needs the delay. */
  async beforeApplicationShutdown(signal?: string): Promise<void> {
    this.lifecycle.phase = 'draining';
    const { delay, drain } = this.config.current.server.shutdown;
    await this.server.leave({ delay: signal === 'SIGTERM' ? delay : 0, drain });
    this.server.cut();
  }

  async onApplicationShutdown(): Promise<void> {
    this.management?.getHttpServer().closeAllConnections();
    await this.management?.close();
  }
}

/** @param definition of the options, which belong to the module that loads the configuration */
function withGateway({ module, ...options }: DynamicModule): DynamicModule {
  return {
    module,
    global: true,
    imports: [AppModule.register(ConfigModule.fromFile(MODULE_OPTIONS_TOKEN, options), CallFilter)],
    exports: [AppModule],
  };
}
