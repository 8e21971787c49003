import {
  type DynamicModule,
  type INestApplication,
  Logger,
  type LoggerService,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { AppModule } from './app.module.js';
import type { Clock } from './common/clock.js';
import { createManagement } from './management.js';
import type { ManagementOptions } from './modules/admin/management.module.js';
import { ConfigModule } from './modules/config/config.module.js';
import { ConfigStore } from './modules/config/config.store.js';
import type { ProcessRole } from './modules/config/config.tokens.js';
import type { GatewayConfig } from './modules/config/gateway-config.js';
import type { ConfigSource } from './modules/config/load-config-file.js';
import type { Plugin } from './modules/config/plugins/plugin.types.js';
import { ConfigReloader, type Reload } from './modules/config/reload/config-reloader.js';
import { ProblemFilter } from './modules/proxy/problem.filter.js';
import { HttpServerAdapter } from './modules/server/http-server.adapter.js';
import { Lifecycle } from './modules/server/lifecycle.js';
import type { Resolver } from './modules/upstream/dns/resolver.js';
import { PublicServer } from './public-server.js';
import { ProcessEnd, type ShutdownOptions } from './process-end.js';

export type { ShutdownOptions } from './process-end.js';

export interface GatewayOptions {
  /** Your own Nest modules; their controllers are asked before the routes of the configuration. */
  readonly modules?: readonly (Type | DynamicModule)[];
  /** Plugins that entries of `plugins` can name beside packages and paths. */
  readonly plugins?: readonly Plugin[];
  /** Default: Nest's own. `false` is silent. */
  readonly logger?: LoggerService | false;
  /** Finds the hosts of upstreams. Default: the system's look-up. */
  readonly resolver?: Resolver;
  /** From `loadConfigFile`: the files to read again when they change. Default: none. */
  readonly source?: ConfigSource;
  /**
   * Called with your side of the gateway before it listens, for pipes, versioning and the like. Global pipes, guards and
   * interceptors run for the routes of the configuration as well.
   */
  readonly beforeListen?: (app: INestApplication<Server>) => void | Promise<void>;
  /** Of breakers, caches and deadlines, for tests. Default: the machine's. */
  readonly clock?: Clock;
}

/** What the processes of `server.workers` need in addition. */
export interface ProcessOptions {
  /** A primary listens on the management port only, and a worker on the public one. Default: both. */
  readonly role?: ProcessRole;
  readonly viewOf?: ManagementOptions['viewOf'];
}

/** A running gateway: the Nest application on its public port and the one on its management port. */
export class Gateway {
  private constructor(
    readonly app: INestApplication<Server>,
    readonly management: INestApplication<Server> | undefined,
  ) {}

  /**
   * Listens on both ports. Upstreams need not be up.
   *
   * @throws NodeJS.ErrnoException `EADDRINUSE`, `EACCES` or `EADDRNOTAVAIL` when it cannot listen
   */
  static async start(
    config: GatewayConfig,
    {
      modules,
      plugins,
      logger,
      resolver,
      source,
      beforeListen,
      clock,
      role = 'only',
      viewOf,
    }: GatewayOptions & ProcessOptions = {},
  ): Promise<Gateway> {
    const options = { logger, abortOnError: false } as const;
    const store = new ConfigStore(config);
    const app = await NestFactory.create<INestApplication<Server>>(
      AppModule.register(ConfigModule.register(store, source, role, clock, plugins), ProblemFilter, {
        modules,
        resolver,
        role,
      }),
      new HttpServerAdapter(),
      options,
    );
    const management =
      role === 'worker' ? undefined : await createManagement({ gateway: app, viewOf }, store, options);
    const gateway = new Gateway(app, management);
    try {
      await beforeListen?.(app);
      if (role === 'primary') await app.init();
      else await app.listen(config.server.port, config.server.host);
      await management?.listen(config.management.port, config.management.host);
    } catch (error) {
      await gateway.close();
      throw error;
    }
    if (role === 'only' && config.server.workers !== 1)
      new Logger(Gateway.name).warn('server.workers is ignored: only `breakwater start` starts workers');
    // A primary waits for its workers.
    if (role !== 'primary') app.get(Lifecycle).phase = 'serving';
    return gateway;
  }

  /** Where routes are answered, for programs on this machine. */
  get url(): string {
    return urlOf(this.app.getHttpServer());
  }

  /** Where plain HTTP is redirected to HTTPS; empty unless `server.tls.redirect` is set. */
  get redirectUrl(): string {
    const server = this.app.get(PublicServer).redirects;
    return server?.listening ? urlOf(server) : '';
  }

  /** What it listens on. */
  get address(): string {
    return addressOf(this.app.getHttpServer());
  }

  /** The same for health and metrics. */
  get managementAddress(): string {
    return this.management ? addressOf(this.management.getHttpServer()) : '';
  }

  /** Where health and metrics are answered. */
  get managementUrl(): string {
    return this.management ? urlOf(this.management.getHttpServer()) : '';
  }

  /**
   * Reads the configuration again and puts it in force if it is right. Requests in flight finish with the one that they
   * began with.
   *
   * @param config of `parseConfig`; default: that of the file. It must not name other ports, hosts or another Redis: they
   *   stay as they are
   * @returns what has changed, or why nothing has
   */
  reload(config?: GatewayConfig): Promise<Reload> {
    const reloader = this.app.get(ConfigReloader);
    return config ? reloader.replace(config) : reloader.reload('code');
  }

  /**
   * Leaves without losing a request: readiness says no, each answer is the last of its connection, new
   * connections are still taken for `delay`, and what is then in flight gets `drain` to finish. Event streams, which
   * never do, are ended then.
   */
  async shutdown({ delay, drain }: ShutdownOptions = this.shutdownTimes): Promise<void> {
    this.app.get(Lifecycle).phase = 'draining';
    await this.leave({ delay, drain });
  }

  /** As `shutdown`, for one of several processes that share the port: readiness is that of all, and does not change. */
  async leave(times: ShutdownOptions): Promise<void> {
    await this.app.get(PublicServer).leave(times);
    await this.close();
  }

  /**
   * Lets signals end the process. SIGTERM drains. SIGINT (Ctrl-C) drains without the delay, which only a load balancer
   * needs. A second signal of either kind ends the process immediately. SIGHUP reads the configuration again.
   */
  shutDownOnSignals(end = new ProcessEnd(this)): void {
    end.onSignals();
    process.on('SIGHUP', () => void this.app.get(ConfigReloader).reload('signal'));
  }

  /** The times of the configuration in force. */
  get shutdownTimes(): ShutdownOptions {
    return this.app.get(ConfigStore).current.server.shutdown;
  }

  /** Ends at once: requests in flight are cut. */
  async close(): Promise<void> {
    this.app.get(PublicServer).cut();
    this.management?.getHttpServer().closeAllConnections();
    await this.app.close();
    await this.management?.close();
  }
}

/** Listening on TCP, so the address is no pipe name. */
function listeningOn(server: Server): AddressInfo {
  return server.address() as AddressInfo;
}

function addressOf(server: Server): string {
  const { address, family, port } = listeningOn(server);
  return `${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

function urlOf(server: Server): string {
  const { address, family, port } = listeningOn(server);
  const host = address === '::' || address === '0.0.0.0' ? '127.0.0.1' : address;
  const scheme = server instanceof TlsServer ? 'https' : 'http';
  return `${scheme}://${family === 'IPv6' && host !== '127.0.0.1' ? `[${host}]` : host}:${port}`;
}
