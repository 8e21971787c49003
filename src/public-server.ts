import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';
import { StallExtension, systemClock } from './common/clock.js';
import { faultEntry } from './common/errors/fault.js';
import { Event } from './common/event.js';
import { headersToInherit, inherited } from './common/http/inherited.js';
import { variesByOrigin } from './common/http/response-headers.js';
import { type ConfigApplier, ConfigStore } from './modules/config/config.store.js';
import type { GatewayConfig } from './modules/config/gateway-config.js';
import { Entrance } from './modules/proxy/entrance.js';
import { EventStreams } from './modules/proxy/event-streams.js';
import { gatewayPathOf } from './modules/proxy/proxy.controller.js';
import { exchangeOf, requestTimeoutOf } from './modules/routing/exchange.js';
import { bodyParsers } from './modules/server/code-bodies.js';
import { compressionHandler } from './modules/server/compression.js';
import { Connections } from './modules/server/connections.js';
import { HttpServerAdapter } from './modules/server/http-server.adapter.js';
import { isHandshake } from './modules/websocket/handshake.js';
import { OpenTunnels } from './modules/websocket/open-tunnels.js';
import type { ShutdownOptions } from './process-end.js';

/** Connects the HTTP server of the public port with the stages of the gateway, and drains it. */
@Injectable()
export class PublicServer implements ConfigApplier {
  /** `undefined` in an application with another adapter, or with none, which has the upstreams but no routes. */
  private readonly adapter: HttpServerAdapter | undefined;
  private hasWebSockets: boolean;

  constructor(
    @Inject(HttpAdapterHost) { httpAdapter }: HttpAdapterHost,
    @Inject(ConfigStore) private readonly config: ConfigStore,
    @Inject(Entrance) private readonly entrance: Entrance,
    @Inject(OpenTunnels) private readonly tunnels: OpenTunnels,
    @Inject(EventStreams) private readonly streams: EventStreams,
    @Inject(Connections) private readonly connections: Connections,
  ) {
    Event.onError = (error) => new Logger(Event.name).error(faultEntry(error));
    const { current } = config;
    this.hasWebSockets = usesWebSockets(current);
    this.adapter = httpAdapter instanceof HttpServerAdapter ? httpAdapter : undefined;
    if (this.adapter) this.connect(this.adapter);
    else if (httpAdapter && current.routes.length > 0)
      throw new TypeError(
        'The configuration has routes, which need NestFactory.create(AppModule, new BreakwaterAdapter())',
      );
  }

  prepare(next: GatewayConfig): () => void {
    const entrance = this.entrance.handlers(next, () => this.port);
    const useTls = this.adapter?.prepareTls(next.server.tls);
    return () => {
      useTls?.();
      this.hasWebSockets = usesWebSockets(next);
      this.adapter?.enterBy(entrance);
      this.adapter?.applyLimits();
    };
  }

  /**
   * Finishes what is in flight: each answer is the last of its connection, new connections are still taken for `delay`, and
   * what is then in flight gets `drain` to finish. Event streams, which never do, are ended then.
   */
  async leave({ delay, drain }: ShutdownOptions): Promise<void> {
    const { adapter } = this;
    if (!adapter) return;
    // At once, so that by the end of the delay no client is about to use a connection that is then closed.
    adapter.openResponses.closeConnections();
    // What arrived while the process stood still is read after the timers.
    const extension = new StallExtension(systemClock);
    extension.start(delay);
    for (let ms = delay; ms > 0; ms = extension.take()) await sleep(ms);
    this.tunnels.drain();
    // No client is left then, but an upstream may still be told.
    const drained = adapter.stopListening().then(() => this.tunnels.drained());
    this.connections.endHandshakes();
    await Promise.race([drained, sleep(drain, undefined, { ref: false })]);
    await this.streams.end(adapter.openResponses.inFlight());
  }

  /** Cuts what is in flight. */
  cut(): void {
    this.adapter?.cutConnections();
    this.connections.endHandshakes();
    this.tunnels.destroy();
  }

  /** The one that it listens on, which the system may have chosen. */
  private get port(): number {
    // Listening on TCP, so the address is no pipe name.
    const address = this.adapter?.servers[0]?.address() as AddressInfo | null | undefined;
    return address?.port ?? this.config.current.server.port;
  }

  private connect(adapter: HttpServerAdapter): void {
    const limits = () => this.config.current.server;
    adapter.connect(limits, {
      tls: this.config.current.server.tls,
      guard: (server) => this.connections.guard(server),
      mayUpgrade: (req, isListenedFor) => (this.hasWebSockets || isListenedFor) && isHandshake(req),
      // Made by the classes of the adapter.
      takesUpgrade: (req) => this.entrance.exchanges.takesUpgrade(req as Request),
      gatewayPathOf,
      beforeExpress: tellCaches,
      beforeCode: [
        ...bodyParsers((req) => exchangeOf(req)?.head.code?.maxBodyBytes ?? limits().maxBodyBytes),
        this.entrance.limitCodeBody,
        compressionHandler(isCompressed),
        inherit,
      ],
      requestTimeoutOf,
      onRefused: (refusal) => this.entrance.exchanges.refuse(refusal),
    });
    adapter.enterBy(this.entrance.handlers(this.config.current, () => this.port));
    for (const path of ['/health', '/health/*rest'])
      adapter.all(path, withId(helmet({ strictTransportSecurity: false })));
    this.config.register(this);
  }

  /** Redirects plain HTTP to HTTPS, if the configuration says so. */
  get redirects(): Server | undefined {
    return this.adapter?.servers[1];
  }
}

function usesWebSockets({ routes }: GatewayConfig): boolean {
  return routes.some(({ websocket }) => websocket);
}

function isCompressed(req: Request): boolean {
  const exchange = exchangeOf(req);
  if (exchange?.head.code) return exchange.head.code.compression ?? exchange.config.server.compression;
  return exchange?.route?.config.compression === true;
}

/** Calls of a controller to upstreams belong to the request that it handles. */
const inherit = withId((req, res, next) => {
  const exchange = exchangeOf(req);
  if (!exchange) {
    next();
    return;
  }
  const { id, tries, trace, gone } = exchange;
  // The parent of spans that code makes itself: propagators read it here.
  if (trace) req.headers['traceparent'] = trace.traceparent;
  inherited.run({ headers: headersToInherit(req.rawHeaders, id, trace), tries, trace, gone, res }, next);
});

/** For answers of the gateway itself and of code; those of routes carry the header among their others. */
function withId(handler: RequestHandler): RequestHandler {
  return (req, res, next) => {
    const exchange = exchangeOf(req);
    if (exchange) res.setHeader('X-Request-Id', exchange.id);
    handler(req, res, next);
  };
}

/** `addCors` leaves out `Vary` where there is no origin, and a `Vary` that code sets replaces that of `addCors`. */
function tellCaches(req: Request, res: Response): void {
  const exchange = exchangeOf(req);
  if (!exchange || !variesByOrigin(exchange.cors)) return;
  const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => Response;
  res.writeHead = (...args: unknown[]) => {
    res.vary('Origin');
    return writeHead(...args);
  };
}
