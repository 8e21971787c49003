import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { Logger, type NestApplicationOptions, RequestMethod } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Request, RequestHandler, Response } from 'express';
import { systemClock } from '../../common/clock.js';
import type { ServerRefusal } from '../../common/errors/server-refusal.js';
import type { ServerTlsConfig } from '../config/gateway-config.js';
import { ClientErrors, refuse } from './client-error.js';
import { bodyParser } from './code-bodies.js';
import { ClientTls } from './client-tls.js';
import { CodePaths } from './code-paths.js';
import { continueWhenRead } from './continue.js';
import { type GatewayPath, GATEWAY_PATHS } from './gateway-paths.js';
import { layersOf, matchExactly, messageClasses } from './express.patch.js';
import { OpenResponses } from './open-responses.js';
import { type HttpSettings, serverOptions } from './server-options.js';
import { endSlowReaders } from './slow-readers.js';
import { refuseSlowSenders } from './slow-senders.js';
import { answerUpgrades } from './upgrades.js';

/** Names of the adapter's methods; `all` has an override. */
const ROUTED_METHODS = Object.keys(RequestMethod)
  .filter((name) => name !== 'ALL' && Number.isNaN(Number(name)))
  .map((name) => name.toLowerCase());

export interface AdapterOptions {
  /** Tells which requests may take over their connection for another protocol. Default: none, `Upgrade` is ignored. */
  readonly mayUpgrade?: (req: IncomingMessage, isListenedFor: boolean) => boolean;
  /** Tells which of these a route takes, if code listens for them as well. Default: none. */
  readonly takesUpgrade?: (req: IncomingMessage) => boolean;
  /** Chooses between the handlers of the gateway. */
  readonly gatewayPathOf?: (req: Request) => GatewayPath;
  /** @returns milliseconds that a client has for its whole request; `undefined` for the `requestTimeout` of the server */
  readonly requestTimeoutOf?: (req: IncomingMessage) => number | undefined;
  /** Called before middleware or a controller of code may take a request. */
  readonly beforeExpress?: (req: Request, res: Response) => void;
  /** Run before each handler of a controller of code. */
  readonly beforeCode?: readonly RequestHandler[];
  /** The TLS of the server, and whether a second one listens for plain HTTP. Default: plain HTTP. */
  readonly tls?: ServerTlsConfig | undefined;
  /** Decides which connections a server takes. */
  readonly guard?: (server: Server) => void;
  /** Told of requests that the server refuses by itself. It returns the id of the request. */
  readonly onRefused?: (refusal: ServerRefusal) => string;
}

/** Nest's Express adapter over a server with our limits, which Nest offers no option for. */
export class HttpServerAdapter extends ExpressAdapter {
  private readonly log = new Logger(HttpServerAdapter.name);
  /** Those of the gateway and of controllers. */
  readonly openResponses = new OpenResponses((res) =>
    // Made by the classes of `messageClasses`.
    this.admit(res.req as Request, res as Response),
  );
  /** Handlers that every request passes before its controller is looked up. */
  private entrance: readonly RequestHandler[] = [];
  /** Handlers in Express's router that belong to no controller or middleware of code. */
  private readonly ownHandlers = new Set<unknown>();
  private readonly gatewayHandlers = new Map<GatewayPath, RequestHandler>();
  private readonly codeParsers: RequestHandler[] = [];
  private tls: ClientTls | undefined;
  /** Listens for plain HTTP beside a server with TLS, for `tls.redirect`. */
  private plainServer: Server | undefined;
  private codePaths: CodePaths | undefined;
  private gatewayOptions: AdapterOptions = {};
  private hasHooks = false;

  /** @param limits a getter of those in force; without it, `connect` is called before the server is made */
  constructor(private limits: () => HttpSettings = notConnected) {
    super();
    this.set('x-powered-by', false);
    this.set('etag', false);
    const app = this.getInstance<Express>();
    matchExactly(app);
    // The constructor also mounts a middleware that runs the hooks below; without hooks it does nothing.
    for (const { handle } of layersOf(app)) this.ownHandlers.add(handle);
    for (const method of ROUTED_METHODS) this.mountBeforeCode(method);
  }

  /** Takes what depends on the modules of an application, before its controllers are mounted. */
  connect(limits: () => HttpSettings, options: AdapterOptions): void {
    this.limits = limits;
    this.gatewayOptions = options;
  }

  /** Takes the limits in force, for which Node has options of its own. Connections that are open keep `maxHeaderBytes`. */
  applyLimits(): void {
    const { headersTimeout, keepAliveTimeout, maxHeaderBytes } = this.limits();
    // Node reads `maxHeaderSize` of a server, which its types do not have, for each connection.
    for (const server of this.servers)
      Object.assign(server, { headersTimeout, keepAliveTimeout, maxHeaderSize: maxHeaderBytes });
  }

  /**
   * Reads the certificates of another configuration.
   *
   * @returns the step that has new connections use them; `undefined` without TLS, which is decided when the process starts
   */
  prepareTls(config: ServerTlsConfig | undefined): (() => void) | undefined {
    return config && this.tls?.prepare(this.httpServer as TlsServer, config);
  }

  /** The one with the routes first. */
  get servers(): readonly Server[] {
    // Made by `initHttpServer`.
    return [this.httpServer as Server, ...(this.plainServer ? [this.plainServer] : [])];
  }

  /** Takes no new connection. @returns a promise that resolves when the last one has ended */
  stopListening(): Promise<unknown> {
    return Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /** Ends every connection at once. What is not whole must not look so. */
  cutConnections(): void {
    this.openResponses.reset();
    for (const server of this.servers) server.closeAllConnections();
  }

  override async close(): Promise<void> {
    this.plainServer?.close();
    await super.close();
  }

  /**
   * Runs these handlers before everything else, in place of those before. When one calls `next` with an error, no
   * controller of code sees the request: a handler of the gateway answers with the error, after the others of these have run.
   */
  enterBy(handlers: readonly RequestHandler[]): void {
    this.entrance = handlers;
  }

  /** Mounts the gateway's handlers without their patterns: Express would match and decode every path for them. */
  // Typed as the base class does.
  // oxlint-disable-next-line typescript/no-explicit-any
  override all(...args: [path: any, handler?: any]): any {
    const [path, handler] = args;
    // Behind a global prefix or a version, if the application has one.
    const own = Object.values(GATEWAY_PATHS).find((each) => String(path).endsWith(`/${each}`));
    if (own === undefined) return super.all(path, this.withBeforeCode(handler) as never);
    this.gatewayHandlers.set(own, handler as RequestHandler);
  }

  /** Nest calls it once the controllers of all modules are mounted. */
  override setNotFoundHandler(...args: Parameters<ExpressAdapter['setNotFoundHandler']>): unknown {
    const forward = (req: Request, res: Response) => {
      // A handler of code that has called `next` leaves its route on the request, whose metrics go by it.
      req.route = undefined;
      this.pass(req, res);
    };
    return this.mountOwn(() => {
      if (this.gatewayHandlers.size > 0) this.use(forward);
      return super.setNotFoundHandler(...args) as unknown;
    });
  }

  /** Nest's parsers would read every body that is to be streamed. `beforeCode` has those for controllers of code. */
  override registerParserMiddleware(): void {}

  /** A parser for controllers of code, which comes before those of `beforeCode`. */
  override useBodyParser(...[type, _rawBody, options]: Parameters<ExpressAdapter['useBodyParser']>): this {
    this.codeParsers.push(bodyParser(type, options));
    return this;
  }

  override setErrorHandler(...args: Parameters<ExpressAdapter['setErrorHandler']>): unknown {
    return this.mountOwn(() => super.setErrorHandler(...args) as unknown);
  }

  override setOnRequestHook(...args: Parameters<ExpressAdapter['setOnRequestHook']>): void {
    this.hasHooks = true;
    super.setOnRequestHook(...args);
  }

  override setOnResponseHook(...args: Parameters<ExpressAdapter['setOnResponseHook']>): void {
    this.hasHooks = true;
    super.setOnResponseHook(...args);
  }

  // Typed as the base class does.
  // oxlint-disable-next-line typescript/no-explicit-any
  override listen(port: string | number, ...args: any[]): Server {
    if (this.gatewayHandlers.size > 0) this.codePaths = this.findCodePaths();
    const { plainServer } = this;
    if (!plainServer) return super.listen(port, ...args);
    // Made by `initHttpServer`.
    const server = this.httpServer as Server;
    plainServer.once('error', (error) => server.emit('error', error));
    const host = typeof args[0] === 'string' ? args[0] : undefined;
    plainServer.listen(this.gatewayOptions.tls?.redirect?.port, host, () => super.listen(port, ...args));
    return server;
  }

  /** @throws TypeError for `httpsOptions`, since the TLS of the server is that of the configuration */
  override initHttpServer({ httpsOptions }: NestApplicationOptions = {}): void {
    if (httpsOptions)
      throw new TypeError(
        'BreakwaterAdapter takes no `httpsOptions`: write `server.tls` in the configuration',
      );
    const { limits, openResponses } = this;
    const { tls, onRefused, requestTimeoutOf } = this.gatewayOptions;
    const errors = new ClientErrors(openResponses, () => limits().errors.typeBase, onRefused);
    const options = { ...serverOptions(limits()), ...messageClasses(this.getInstance<Express>()) };
    this.tls = tls && new ClientTls(tls);
    this.httpServer = this.createServer(options, errors, this.tls);
    if (tls?.redirect) this.plainServer = this.createServer(options, errors);
    endSlowReaders(this.httpServer, openResponses, limits, systemClock);
    const timeoutOf = (req: IncomingMessage) => requestTimeoutOf?.(req) ?? limits().requestTimeout;
    refuseSlowSenders(this.httpServer, openResponses, limits, timeoutOf, errors, systemClock);
  }

  private createServer(
    options: ServerOptions & ReturnType<typeof messageClasses>,
    errors: ClientErrors,
    tls?: ClientTls,
  ): Server {
    const { openResponses } = this;
    const { mayUpgrade, takesUpgrade = () => false } = this.gatewayOptions;
    let isListenedFor: (() => boolean) | undefined;
    const shouldUpgradeCallback = (req: IncomingMessage) => {
      // Behind unanswered requests, their answers would follow the upgrade.
      const isFirst = openResponses.on(req.socket).size === 0;
      if (isFirst && mayUpgrade?.(req, isListenedFor?.() ?? false)) return true;
      // RFC 9110 section 7.8 lets a server ignore `Upgrade`, but Node's parser stops at such a request even so: it
      // loses what the same chunk holds behind it, and parses the next chunk as a new request, which may be the
      // middle of one.
      openResponses.endWith(req);
      return false;
    };
    const answer = (_req: IncomingMessage, res: ServerResponse) => openResponses.add(res);
    const server = tls
      ? createTlsServer({ ...options, ...tls.options, shouldUpgradeCallback }, answer)
      : createServer({ ...options, shouldUpgradeCallback }, answer);
    if (mayUpgrade) isListenedFor = answerUpgrades(server, options.ServerResponse, answer, takesUpgrade);
    errors.listen(server);
    continueWhenRead(server, answer);
    // The exchange refuses it. Node has a 417 without a body.
    server.on('checkExpectation', answer);
    this.gatewayOptions.guard?.(server);
    return server;
  }

  /** Nest mounts the handlers of controllers by a method of the adapter for each HTTP method. */
  private mountBeforeCode(method: string): void {
    const mount = Reflect.get(this, method) as (path: unknown, handlers: unknown) => unknown;
    Reflect.set(this, method, (path: unknown, handler: unknown) =>
      mount.call(this, path, this.withBeforeCode(handler)),
    );
  }

  private withBeforeCode(handler: unknown): unknown[] {
    return [...this.codeParsers, ...(this.gatewayOptions.beforeCode ?? []), handler];
  }

  private admit(req: Request, res: Response, at = 0, isRefused = false): void {
    const handler = this.entrance[at];
    try {
      if (handler)
        void handler(req, res, (error) => this.admit(req, res, at + 1, isRefused || Boolean(error)));
      else if (isRefused) this.pass(req, res);
      else this.answer(req, res);
    } catch (error) {
      // No filter of Nest is around the entrance, so that one bad request would end the process.
      this.log.error(error);
      refuse(res, 'internal_error', this.limits().errors.typeBase);
    }
  }

  /**
   * Requests that no controller of code can take go to the gateway's handlers without Express, whose router costs more
   * than everything it leads to. They find the same request and response as behind it.
   */
  private answer(req: Request, res: Response): void {
    if (this.codePaths?.mayTake(req.url) === false) {
      this.pass(req, res);
      return;
    }
    this.gatewayOptions.beforeExpress?.(req, res);
    this.getInstance<Express>()(req, res);
  }

  private pass(req: Request, res: Response): void {
    req.res = res;
    req.originalUrl ??= req.url;
    const path = this.gatewayOptions.gatewayPathOf?.(req);
    // Nest's handlers answer errors by themselves and never call `next`.
    if (path !== undefined) void this.gatewayHandlers.get(path)?.(req, res, () => undefined);
  }

  /** By the time the server listens, everything is mounted. */
  private findCodePaths(): CodePaths {
    const app = this.getInstance<Express>();
    const paths = new CodePaths(app, this.hasHooks ? new Set() : this.ownHandlers);
    if (paths.openTo !== undefined) {
      this.log.warn(`Every request passes Express's router, which is slower, because of ${paths.openTo}`);
    }
    return paths;
  }

  private mountOwn<T>(mount: () => T): T {
    const layers = layersOf(this.getInstance<Express>());
    const { length } = layers;
    const mounted = mount();
    for (const { handle } of layers.slice(length)) this.ownHandlers.add(handle);
    return mounted;
  }
}

function notConnected(): never {
  throw new TypeError('An application with a BreakwaterAdapter imports BreakwaterModule.forRoot(...)');
}
